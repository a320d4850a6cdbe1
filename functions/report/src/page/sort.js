// Sorts the rows of a table by a column. The headers become buttons here, so that a page without scripts has no dead ones.
// A cell's value is its `data-sort`; none is last in both directions. Equal rows keep their order: sort by one column, then by another.
"use strict";

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  for (const header of table.tHead.querySelectorAll("th[data-column]:not([colspan])")) {
    const column = Number(header.dataset.column);
    const hasValues = rows.some((row) => valueOf(row, column) !== "");
    if (rows.length > 1 && hasValues) makeSortable(table, header, column);
  }
}

// A presigned link opens this page alone, not what lies beside it.
if (location.search.includes("X-Amz-")) {
  document.querySelectorAll("a.beside").forEach((link) => link.remove());
}

function makeSortable(table, header, column) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  button.addEventListener("click", () => {
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    for (const body of table.tBodies) sort(body, column, direction);
  });
  header.append(button);
}

function sort(body, column, direction) {
  const rows = [...body.rows];
  const isNumeric = rows.every((row) => !Number.isNaN(Number(valueOf(row, column))));
  const toKey = isNumeric ? Number : String;
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => {
    const value = valueOf(row, column);
    return { row, isEmpty: value === "", key: toKey(value) };
  });
  keyed.sort((left, right) => {
    if (left.isEmpty || right.isEmpty) return left.isEmpty - right.isEmpty;
    return sign * ((left.key > right.key) - (left.key < right.key));
  });
  body.append(...keyed.map(({ row }) => row));
}

function valueOf(row, column) {
  return row.cells[column]?.dataset.sort ?? "";
}
