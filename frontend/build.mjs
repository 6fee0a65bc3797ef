// Bundles the official SDK into one module that the frame imports only when it needs the parent window or a
// portal's REST: the notebook itself opens without it.
import { build } from "esbuild";

await build({
  entryPoints: { b24: "frontend/b24.js" },
  outdir: "widget/static/widget/dist",
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
});
