// Bundles what the frames load: a script and a style sheet for each kind of page, and the official SDK as a module
// that scripts import only when they need the parent window or a portal's REST (the notebook opens without it).
import { build } from "esbuild";

const OWN = "widget/static/widget";
const entries = {
  notebook: [`${OWN}/notebook.js`, "frontend/notebook.css"],
  application: [`${OWN}/application.js`, "frontend/application.css"],
  install: [`${OWN}/install.js`],
  retry: [`${OWN}/retry.js`],
  notice: ["frontend/notice.css"],
  b24: ["frontend/b24.js"],
};

// Beside the bundles the SDK has another path than beside the sources; it stays a file of its own.
const sdkApart = {
  name: "sdk-apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/dist\/b24\.js$/ }, () => ({ path: "./b24.js", external: true }));
  },
};

await build({
  entryPoints: Object.entries(entries).flatMap(([out, files]) => files.map((file) => ({ in: file, out }))),
  outdir: `${OWN}/dist`,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
  plugins: [sdkApart],
});
