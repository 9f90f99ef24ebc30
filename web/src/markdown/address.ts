// SPDX-License-Identifier: Apache-2.0
// address.ts: decides which addresses a link or a picture of an answer may have.
//
// A model's text must not make the browser ask another server for anything, nor run anything. A
// remote picture is therefore a link. A picture that the text itself contains (a data URI) is
// shown, if it is of a kind that browsers only draw. SVG is not: it is a document with scripts.

import { defaultUrlTransform } from "react-markdown";

/**
 * A longer picture is shown as its address: the page parses Markdown again while an answer grows,
 * and a browser parses a MiB of it in about a second.
 */
export const PICTURE_UNITS_MAX = 1 << 20;

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+=*$/i;

/** May a link lead there? */
export const isSafeLink = (address: string): boolean =>
  address !== "" && defaultUrlTransform(address) === address;

/** Is it a whole picture, of a kind that browsers only draw? */
export const isPicture = (address: string): boolean =>
  address.length <= PICTURE_UNITS_MAX && PICTURE.test(address);
