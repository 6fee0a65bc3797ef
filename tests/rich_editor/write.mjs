// Prints as many drawn documents as asked, each as what was meant and as the Markdown that the editor writes.
import { drawing, drawn, open, told } from "./support.mjs";

const found = Array.from({ length: Number(process.argv[2]) }, (_, seed) => {
  const doc = drawn(drawing(seed + 1));
  return { told: told(doc), markdown: open("").checked(doc) };
});
console.log(JSON.stringify(found));
