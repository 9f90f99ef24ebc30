// SPDX-License-Identifier: Apache-2.0
// unknown.tsx: the page for an address that names no page.

import type { JSX } from "react";

export function UnknownPage({ address }: { readonly address: string }): JSX.Element {
  return (
    <main className="gate" data-testid="unknown-address">
      <div>
        <h1>There is no such page</h1>
        <p>
          The address <code>{address}</code> names no page and no thread. A thread&rsquo;s id has 1
          to 128 letters, digits, dots, colons, dashes and underscores.
        </p>
        <p>
          <a href="#/">Go to the threads</a>
        </p>
      </div>
    </main>
  );
}
