import { pathToFileURL } from "node:url";
const mb=()=>Math.round(process.memoryUsage().rss/1048576*10)/10;
const a=mb();
for (const m of process.argv.slice(2)) { const b=mb(); await import(m.startsWith("/")?pathToFileURL(m).href:m); console.log(m, b, "->", mb()); }
