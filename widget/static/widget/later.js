// Entry of what comes when somebody first needs it: the editor of a note, its history, the bin, templates.
export { addAgain } from "./add-note.js";
export { Bin } from "./bin.js";
export { Editor } from "./editor.js";
export { openHistory } from "./history-panel.js";
export { showMerged } from "./merged.js";
export { keepAsTemplate, Templates } from "./templates.js";
