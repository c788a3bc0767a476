import { Zip, ZipPassThrough } from "fflate";

/** A zip of `{name, blob}`, stored as they are, because PNG and JPEG shrink no further; one file in memory at a time. */
export async function zipOf(files) {
  const parts = [];
  const zip = new Zip((error, data) => {
    if (error) throw error;
    parts.push(new Blob([data]));
  });
  for await (const { name, blob } of files) {
    const entry = new ZipPassThrough(name);
    zip.add(entry);
    entry.push(new Uint8Array(await blob.arrayBuffer()), true);
  }
  zip.end();
  return new Blob(parts, { type: "application/zip" });
}

/** A name for each photo that no other has, without its suffix. */
export function stems(names) {
  const taken = new Set();
  return names.map((name) => {
    const stem = name.replace(/\.[^.]*$/, "").replace(/[\\/:*?"<>|\x00-\x1f]/g, "_") || "photo";
    let unique = stem;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${stem}-${n}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
