// SPDX-License-Identifier: Apache-2.0
// address.ts: which addresses a link or a picture of an answer may have.
//
// What a model writes must not make the browser ask another server for anything, nor run anything. A
// remote picture is therefore a link. A picture that the text itself contains is shown: of the kinds
// that browsers only draw. SVG is a document with scripts, so it is not among them.

import { defaultUrlTransform } from "react-markdown";

/**
 * A longer picture is shown as its address: Markdown is parsed anew while an answer grows, and a MiB of
 * it is what a browser still parses in a second.
 */
export const PICTURE_UNITS_MAX = 1 << 20;

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+=*$/i;

/** Can the browser be sent there? */
export const isSafeLink = (address: string): boolean =>
  address !== "" && defaultUrlTransform(address) === address;

/** Is it a whole picture, of a kind that can only be looked at? */
export const isPicture = (address: string): boolean =>
  address.length <= PICTURE_UNITS_MAX && PICTURE.test(address);
