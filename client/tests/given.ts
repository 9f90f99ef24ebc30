// SPDX-License-Identifier: Apache-2.0
// given.ts: values and fakes that many tests begin with.

import type { Thread } from "../src/wire.js";

export const threadOf = (id: string, updated = 1): Thread => ({
  id,
  title: id,
  archived: false,
  metadata: {},
  head: null,
  created: 1,
  updated,
  running: false,
});
