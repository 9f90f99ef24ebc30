// SPDX-License-Identifier: Apache-2.0
// request_read.h: a request as a model server reads it, flattened.
//
// It also checks the form that every server insists on: a result right behind its call, no empty
// content, and roles that alternate where the settings say so.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/inference/settings.h"

namespace lockstep::test {

struct Answered {
  std::string id;
  std::string name;
  std::string arguments;
  std::string result{};
  std::size_t at = 0;         // the place in the request of its message
  std::size_t result_at = 0;  // and of its result's
};

struct Content {
  std::string text;
  std::size_t at = 0;  // the place in the request of its message
};

// The request, flattened: what a model reads, in order.
struct Read {
  std::string wrong{};
  std::vector<Content> contents{};  // texts; an image is "image " and its address
  std::vector<Content> reasoning{};
  std::vector<Answered> calls{};
  std::string last_role{};
};

// The text member of this name; empty if there is none.
[[nodiscard]] std::string text_of(const boost::json::object& object, std::string_view key);

[[nodiscard]] Read read_request(const std::string& body, const RequestSettings& settings);

}  // namespace lockstep::test
