// SPDX-License-Identifier: Apache-2.0
// persistent_content.h: the content of persistent containers as plain ones.
//
// Tests compare a container with a model, which is a container of the standard library.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/persistent_map.h"
#include "engine/base/persistent_vector.h"

namespace lockstep {

using Texts = PersistentVector<std::string>;
using Numbers = PersistentMap<std::string, int>;

inline std::vector<std::string> content_of(const Texts& texts) {
  std::vector<std::string> content;
  for (std::size_t at = 0; at < texts.size(); ++at) content.push_back(texts[at]);
  return content;
}

// Fails the test if a key is visited twice.
inline std::unordered_map<std::string, int> content_of(const Numbers& map) {
  std::unordered_map<std::string, int> content;
  map.each([&](const std::string& key, int value) {
    EXPECT_TRUE(content.emplace(key, value).second) << key << " was visited twice";
  });
  return content;
}

}  // namespace lockstep
