// SPDX-License-Identifier: Apache-2.0
// blob_links.h: addresses of blobs that need no token.
//
//   link = SECONDS.USER.MAC      MAC: HMAC-SHA256 over the seconds, user, token and blob, as hex
//
// A browser can't set a header on an `<img>`. So a client with a token asks for a link: it opens
// this one blob of this user, for an hour, as often as the page needs it. The server keeps nothing
// of a link. The key of the MAC is drawn at each start, so a restart ends all links. The MAC covers
// the hash of the caller's token: when the token is revoked, its links end too.
//
// SECONDS count from the start of the server, so a change of the system's clock moves no link.
//
// Lives on: the engine strand.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/blob_hash.h"
#include "engine/base/time.h"
#include "server/base/auth.h"
#include "server/net/transport.h"

namespace lockstep {

class BlobLinks {
 public:
  // Requires: `random` is unpredictable.
  explicit BlobLinks(Random& random);

  // A link that ends at `until`. Its characters need no escape in a query.
  [[nodiscard]] std::string make(const Caller& caller, const BlobHash& blob, Tick until) const;
  // The caller that the link was made for; nullopt if it is not a link for this blob, is too old,
  // or its token is gone. Compares in constant time.
  [[nodiscard]] std::optional<Caller> caller_of(std::string_view link, const BlobHash& blob,
                                                const Auth& auth, Tick now) const;

 private:
  [[nodiscard]] std::string mac_of(const Caller& caller, const BlobHash& blob,
                                   std::string_view seconds) const;

  Hash key_{};
};

}  // namespace lockstep
