// What somebody has written and not saved outlives a closed panel. Browsers may refuse storage to frames of other
// sites; then a draft lives as long as its page.
export class Draft {
  constructor(memberId, dialogId, viewerId) {
    this.key = `draft:${memberId}:${dialogId}:${viewerId}`;
  }

  read() {
    try {
      return localStorage.getItem(this.key) ?? "";
    } catch {
      return "";
    }
  }

  write(text) {
    try {
      if (text.trim()) localStorage.setItem(this.key, text);
      else localStorage.removeItem(this.key);
    } catch {
      // Storage is blocked or full: the text is still in the field.
    }
  }
}
