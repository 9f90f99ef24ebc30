// SPDX-License-Identifier: Apache-2.0
// client_address.h: the client's address, behind trusted proxies.
//
// A proxy sends the requests of many clients from its own address. It appends the address that it
// got the request from to the list that it received:
//
//   Forwarded: for=203.0.113.7, for="[2001:db8::1]:4711";proto=https      RFC 7239
//   X-Forwarded-For: 203.0.113.7, 10.0.0.3                                in fact
//
// Only the last address is from the proxy itself; a client can forge those before it. So the server
// reads the list from its end, skips trusted addresses and takes the first other one. An entry that
// is not an address (`unknown`, `_hidden`, garbage) counts as `unnamed_client`, one account for all
// such clients: otherwise a garbage entry would bypass every limit. A trusted proxy that sends no
// list is the client itself. The server ignores the headers of an address that it does not trust.
// `Forwarded` wins over `X-Forwarded-For`; all lines of a header are one list.
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

// The client: `peer` unless a trusted proxy names another. Each address has one spelling.
[[nodiscard]] std::string client_address(const std::string& peer, const Request& request,
                                         const std::vector<AddressRange>& trusted);

}  // namespace lockstep
