// Bundles the official SDK into one module that the frame imports only when it needs the parent window or a
// portal's REST (the notebook itself opens without it), and the styles of each page into one sheet.
import { build } from "esbuild";

await build({
  entryPoints: {
    b24: "frontend/b24.js",
    notebook: "frontend/notebook.css",
    notice: "frontend/notice.css",
    application: "frontend/application.css",
  },
  outdir: "widget/static/widget/dist",
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
});
