// Entry of what comes when somebody first needs it: editing and deleting a note, its history, the bin, templates.
export { addAgain } from "./add-note.js";
export { Bin } from "./bin.js";
export { askToDelete } from "./deleting.js";
export { Editor } from "./editor.js";
export { HistoryPanel } from "./history-panel.js";
export { showMerged } from "./merged.js";
export { keepAsTemplate, Templates } from "./templates.js";
