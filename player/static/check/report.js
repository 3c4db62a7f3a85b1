// What is copied for the helpdesk: in English, short, and without anything about the person. Pure.
import { HOPS } from "./verdict.js";

/** One line about a hop. */
export function lineOf(hop, found) {
  const figures = Object.entries(found)
    .filter(([name, value]) => name !== "state" && value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${written(value)}`);
  return [hop, found.state, ...figures].join(" ");
}

/** All of a test. */
export function reportOf(found, verdict, { at, address, agent }) {
  const blame = verdict.failing ? `, because of ${verdict.failing}` : "";
  const hops = HOPS.filter((hop) => found[hop]).map((hop) => lineOf(hop, found[hop]));
  return [`Daris self-test ${at} ${address}`, `way: ${verdict.rung}${blame}`, ...hops, agent].join("\n");
}

function written(value) {
  if (Array.isArray(value)) return value.join(",") || "none";
  if (typeof value === "number") return String(Math.round(value * 10) / 10);
  return typeof value === "string" && value.includes(" ") ? JSON.stringify(value) : String(value);
}
