// SPDX-License-Identifier: Apache-2.0
// client_address.h: whose request this is, behind proxies that are trusted to say it.
//
// A proxy speaks for many: its own address says nothing of who asks. It writes down whom it got the
// request from, behind what it was told itself:
//
//   Forwarded: for=203.0.113.7, for="[2001:db8::1]:4711";proto=https      RFC 7239
//   X-Forwarded-For: 203.0.113.7, 10.0.0.3                                in fact
//
// Only the last address is the proxy's own word; what stands before it anybody can have written. So
// the list is read from its end: a trusted address is passed over, the first other one counts.
// Where the word is no address (`unknown`, `_hidden`, garbage), all whom nobody can name count
// together as `unnamed_client`: else such a word would be the way around every limit. A trusted
// proxy that says nothing asks for itself. From an address that is not trusted the headers are
// passed over. `Forwarded` counts before `X-Forwarded-For`, all lines of a header are one list.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/address_range.h"

namespace lockstep {

struct Request;

inline constexpr std::string_view unnamed_client = "unknown";

[[nodiscard]] bool is_trusted(const std::string& peer, const std::vector<AddressRange>& trusted);

// Who asks: `peer` itself unless a trusted proxy says otherwise. In one spelling for each address.
[[nodiscard]] std::string client_address(const std::string& peer, const Request& request,
                                         const std::vector<AddressRange>& trusted);

}  // namespace lockstep
