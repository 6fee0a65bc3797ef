// Entry of what comes when somebody first needs it: the editor of a note, its history, the bin, templates.
export { Bin } from "./bin.js";
export { Editor } from "./editor.js";
export { HistoryPanel } from "./history-panel.js";
export { showMerged } from "./merged.js";
export { Templates } from "./templates.js";
