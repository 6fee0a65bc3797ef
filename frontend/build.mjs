// Bundles what the frames load: a script and a style sheet for each kind of page, and the official SDK as a module
// that scripts import only when they need the parent window or a portal's REST (the notebook opens without it).
import { build } from "esbuild";

// What is loaded when it is needed stays a file of its own; beside the bundles it has another path than beside the
// sources.
const apart = (paths) => ({
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/dist\/[\w-]+\.js$/ }, ({ path }) => ({
      path: paths[path.split("/").at(-1)],
      external: true,
    }));
  },
});

async function bundle(outdir, paths, entries) {
  await build({
    entryPoints: Object.entries(entries).flatMap(([out, files]) => files.map((file) => ({ in: file, out }))),
    outdir,
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "linked",
    logLevel: "warning",
    plugins: [apart(paths)],
  });
}

const FRAMES = "portals/static/portals";
const NOTEBOOK = "widget/static/widget";
await bundle(
  `${FRAMES}/dist`,
  { "b24.js": "./b24.js" },
  {
    application: [`${FRAMES}/frames/application.js`, "frontend/application.css"],
    install: [`${FRAMES}/frames/install.js`],
    retry: [`${FRAMES}/frames/retry.js`],
    notice: ["frontend/notice.css"],
    b24: ["frontend/b24.js"],
  },
);
await bundle(
  `${NOTEBOOK}/dist`,
  {
    "b24.js": "../../portals/dist/b24.js",
    "rich-editor.js": "./rich-editor.js",
    "later.js": "./later.js",
  },
  {
    notebook: [`${NOTEBOOK}/notebook.js`, "frontend/notebook.css"],
    later: [`${NOTEBOOK}/later.js`],
    "rich-editor": [`${NOTEBOOK}/rich-editor/rich-editor.js`],
  },
);
