// What a page must have for readers, search and screen readers.
({ describe, isVisible, quote }) => {
  const findings = [];
  if (!document.documentElement.lang) findings.push("<html> has no lang");
  if (!document.title.trim()) findings.push("the page has no title");
  if (!document.querySelector("meta[name=viewport][content*='width=device-width']")) findings.push("the page has no meta viewport: a phone shows it tiny");
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) findings.push(`the page has ${headings} h1 instead of one`);

  const label = (element) => {
    const labelled = element.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join("");
    return (element.getAttribute("aria-label") ?? labelled ?? "").trim();
  };
  const isHidden = (element) => element.closest("[aria-hidden=true]") !== null;

  for (const image of document.querySelectorAll("img")) {
    if (!image.hasAttribute("alt") && !isHidden(image)) findings.push(`an image has no alt: ${image.getAttribute("src")}`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (svg.parentElement.closest("svg") || isHidden(svg) || !isVisible(svg)) continue;
    const named = svg.closest("[role=img]");
    const title = named === svg ? svg.querySelector(":scope > title")?.textContent.trim() : "";
    if (!named || !(label(named) || title)) findings.push(`a drawing has no name (role=img with aria-label or title, or aria-hidden): ${describe(svg.parentElement)}`);
  }
  for (const element of document.querySelectorAll("a[href], button, summary, [role=region]")) {
    if (!label(element) && (element.matches("[role=region]") || !element.textContent.trim())) findings.push(`${describe(element)} has no name`);
  }
  for (const table of document.querySelectorAll("table:not([role=presentation])")) {
    if (!table.querySelector("thead th")) findings.push(`a table has no header: ${describe(table)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index))) findings.push(`several elements have the id ${quote(id)}`);
  return findings;
}
