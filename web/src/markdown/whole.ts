// SPDX-License-Identifier: Apache-2.0
// whole.ts: puts text that Markdown leaves out back into the tree.
//
// Markdown drops the cells for which a table's head has no column, the numbers of a list after the
// first, the text after a code block's language, unused definitions, and markup inside a picture's
// text. The user would then see less than the model said. Footnotes stay where they were written:
// if they were renumbered, their names would be lost, and their ids would clash with another
// message's.

import type { Data, Definition, Image, List, Nodes, Paragraph, Parents, Root, Table } from "mdast";
import { visit } from "unist-util-visit";
import type { VFile } from "vfile";

type Source = (node: Nodes) => string;

function withProperties(data: Data | undefined, properties: Record<string, unknown>): Data {
  return { ...data, hProperties: { ...data?.hProperties, ...properties } } as Data;
}

const text = (value: string): Paragraph["children"] => [{ type: "text", value }];

/** The names of definitions that are used. */
function namesIn(tree: Root): ReadonlySet<string> {
  const names = new Set<string>();
  visit(tree, (node) => {
    if (node.type === "linkReference" || node.type === "imageReference") names.add(node.identifier);
  });
  return names;
}

function numbered(list: List, source: Source): void {
  for (const item of list.children) {
    const written = source(item);
    const number = list.ordered === true ? /^\d+/.exec(written)?.[0] : undefined;
    const mark = item.checked === true ? /\[([xX])\]/.exec(written)?.[1] : undefined;
    item.data = withProperties(item.data, { value: number, dataMark: mark });
  }
}

/** Gives the table as many columns as its longest row has cells. */
function allColumns(table: Table): void {
  const columns = Math.max(...table.children.map((row) => row.children.length));
  const align = table.align ?? [];
  table.align = Array.from({ length: columns }, (_, at) => align[at] ?? null);
}

/** A picture's text with links or pictures in it has their addresses too: show it as written. */
function wholeAlt(image: Image, source: Source): void {
  const written = source(image);
  const inside = written.slice(2, Math.max(2, written.lastIndexOf("](")));
  if (/[[\]]/.test(inside)) image.alt = inside;
}

function instead(node: Definition, source: Source): Paragraph {
  return { type: "paragraph", children: text(source(node)), position: node.position };
}

function visitOne(node: Nodes, parent: Parents | undefined, source: Source): Nodes {
  switch (node.type) {
    case "list":
      numbered(node, source);
      break;
    case "table":
      allColumns(node);
      break;
    case "image":
      wholeAlt(node, source);
      break;
    case "code": {
      const info = [node.lang, node.meta].filter(Boolean).join(" ");
      if (info !== "") node.data = withProperties(node.data, { dataInfo: info });
      break;
    }
    case "footnoteReference":
      return {
        type: "emphasis",
        children: text(`[${node.label ?? node.identifier}]`),
        data: { hName: "sup" },
      };
    case "footnoteDefinition": {
      const label: Paragraph = {
        type: "paragraph",
        children: text(`[${node.label ?? node.identifier}]`),
        data: withProperties(undefined, { className: ["note-name"] }),
      };
      return {
        type: "blockquote",
        children: [label, ...node.children],
        data: { hName: "div", hProperties: { className: ["note"] } },
      };
    }
    case "html":
      if (parent?.type === "root") {
        const value = [{ type: "text" as const, value: node.value }];
        return {
          type: "paragraph",
          children: value,
          data: { hProperties: { className: ["html"] }, hChildren: value },
        };
      }
      break;
    default:
      break;
  }
  return node;
}

/** The plugin. Requires: added after those that add syntax. */
export function remarkWhole(): (tree: Root, file: VFile) => void {
  return (tree, file) => {
    const document = String(file);
    const source: Source = ({ position }) =>
      document.slice(position?.start.offset ?? 0, position?.end.offset ?? 0);
    const names = namesIn(tree);
    visit(tree, (node, _index, parent) => {
      if (parent === undefined) return;
      const lone = node.type === "definition" && !names.has(node.identifier);
      const now = lone ? instead(node, source) : visitOne(node, parent, source);
      // In its place: the walk goes on with its children.
      if (now !== node) Object.assign(node, now);
    });
  };
}
