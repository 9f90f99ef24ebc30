// SPDX-License-Identifier: Apache-2.0
// unknown.tsx: an address that leads nowhere says so.

import type { JSX } from "react";

export function UnknownPage({ address }: { readonly address: string }): JSX.Element {
  return (
    <main className="gate" data-testid="unknown-address">
      <div>
        <h1>There is no such page</h1>
        <p>
          The address <code>{address}</code> names no thread and no page. An id has 1 to 128
          letters, digits, dots, colons, dashes and underscores.
        </p>
        <p>
          <a href="#/">To the threads</a>
        </p>
      </div>
    </main>
  );
}
