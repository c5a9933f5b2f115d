// What the tests of hostile texts ask a page: what is in it that no template put there, and which texts it shows as they are.
"use strict";

window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));

const ADDRESSES = ["src", "href", "action", "formaction", "data", "poster", "background", "ping", "xlink:href", "hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"];
const NEVER = ["script", "iframe", "object", "embed", "base", "link", "img", "form", "video", "audio", "input"]; // in a report

function leadsAway(address) {
  try {
    return new URL(address, location.href).origin !== location.origin;
  } catch {
    return false; // leads nowhere
  }
}

/** Elements and attributes that the console's own templates don't make; `tags` are those they do, null for a report. */
window.foreign = (root, tags) => {
  const found = [];
  for (const each of root.querySelectorAll("*")) {
    const name = each.localName;
    if (tags ? !tags.includes(name) : NEVER.includes(name)) found.push(`<${name}>`);
    if (name === "script" && !each.getAttribute("src")?.startsWith("/console/static/")) found.push("script of its own");
    for (const { name: key, value } of each.attributes) {
      if (/^on|^srcdoc$|^hx-on|^is$/.test(key)) found.push(`${name} ${key}`);
      if (key === "style" && tags && name !== "canvas") found.push(`${name} style`);
      if (key === "http-equiv" && tags) found.push(`${name} ${key}`);
      if (ADDRESSES.includes(key) && leadsAway(value)) found.push(`${name} ${key}=${value}`);
    }
  }
  return found;
};

window.foreignIn = (markup, tags) => foreign(new DOMParser().parseFromString(markup, "text/html"), tags);

const blanks = (text) => text.replace(/\s+/g, " ");

/** `forms` are how each text may be shown; gives the places of those that are. */
window.look = (root, forms, tags) => {
  const written = [...root.querySelectorAll("input, textarea")].map((field) => field.value);
  const shown = blanks([root.body.textContent, ...written].join(" "));
  const seen = forms.flatMap((texts, place) => (texts.some((text) => text && shown.includes(blanks(text).trim())) ? [place] : []));
  const links = [...root.querySelectorAll("a[href]")].map((link) => link.getAttribute("href"));
  const own = links.map((link) => new URL(link, location.href)).filter((link) => link.origin === location.origin && link.pathname.startsWith("/console/"));
  return { foreign: foreign(root, tags), seen, links: own.map((link) => link.pathname + link.search) };
};

async function answered(path, options, tags, codes, found) {
  const reply = await fetch(path, { ...options, redirect: "manual" });
  codes.push(reply.type === "opaqueredirect" ? 303 : reply.status);
  if (!reply.headers.get("content-type")?.includes("html")) return;
  const markup = await reply.text();
  for (const each of foreignIn(markup, tags)) found.push(`${each} for ${[...(options.body ?? [])].join("; ").slice(0, 300)}`);
}

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

/** Sends a form with each of the bodies; gives the codes of the replies, and what was foreign in them. */
window.post = async (path, bodies, tags) => {
  const codes = [], found = [];
  for (const fields of bodies) {
    const body = new URLSearchParams({ ...fields, csrf_token: token() });
    await answered(path, { method: "POST", body }, tags, codes, found);
  }
  return [codes, found];
};

window.upload = async (path, files, tags) => {
  const codes = [], found = [];
  for (const [name, content] of files) {
    const body = new FormData();
    body.append("csrf_token", token());
    body.append("format", "auto");
    body.append("file", new File([content], name));
    await answered(path, { method: "POST", body }, tags, codes, found);
  }
  return [codes, found];
};

window.read = async (addresses, tags) => {
  const codes = [], found = [];
  for (const address of addresses) await answered(address, { body: undefined }, tags, codes, found);
  return [codes, found];
};

window.fetchText = async (address) => (await fetch(address)).text();
