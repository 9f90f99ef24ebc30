// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/store_files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/base/must.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rules/digest.h"
#include "schema/json/json_text.h"
#include "tools/forms/history.h"
#include "tools/forms/record.h"

namespace lockstep::test {

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_whole(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::optional<std::string> oasst_file() {
  const char* named = std::getenv("LOCKSTEP_SHARED_DATA");
  const std::filesystem::path folder =
      named ? std::filesystem::path(named)
            : std::filesystem::path(LOCKSTEP_SOURCE_DIR) / ".." / "shared" / "data";
  const std::filesystem::path file = folder / "oasst" / "en_100_tree.jsonl";
  if (!std::filesystem::exists(file)) return {};
  return file.string();
}

std::string history_of(const Story& story) {
  const std::string thread = story.state().thread.id.get();
  std::string lines = history_header();
  // The settings with which stories start runs: the agent `default`, without parameters.
  const std::string bytes = AnyAgents().settings(AgentName("default"), {})->bytes;
  lines += '{';
  append_field(lines, "user", story.state().owner.get());
  append_field(lines, "thread", thread);
  append_field(lines, "settings", to_hex(sha256(bytes)));
  append_field(lines, "bytes", bytes);
  lines += "}\n";
  for (const Entry& entry : story.entries()) {
    lines += '{';
    append_field(lines, "user", story.state().owner.get());
    append_field(lines, "thread", thread);
    append_name(lines, "entry");
    append_entry(lines, entry);
    lines += "}\n";
  }
  return lines;
}

Story stopped_and_answered() {
  Story story;
  story.start("r1", "u1", "How far is the moon?");
  MUST(story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}}}).has_value());
  MUST(story.steps("r1", {AppendContent{MessageId("a1"), 0, "It is about"}}).has_value());
  const Timestamp seen = story.now();
  MUST(story.steps("r1", {AppendContent{MessageId("a1"), 0, " 384,000 km away."}}).has_value());
  MUST(story.stop("r1", seen).applied);
  story.start("r2", "u2", "In miles, please 🌕");
  MUST(story
           .steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                         AppendContent{MessageId("a2"), 0, "238,855 miles."},
                         EndMessage{MessageId("a2"), MessageStatus::complete, {}},
                         EndRun{RunStatus::completed, {}, {}}})
           .has_value());
  return story;
}

void tamper(const std::string& data,
            const std::function<void(const Kv& kv, KvBatch& batch)>& change) {
  FailStop fail_stop([](const std::string&) { std::abort(); });
  auto kv = RocksKv::open(data + "/rocks", {}, fail_stop);
  MUST(kv.has_value());
  KvBatch batch;
  change(**kv, batch);
  MUST((*kv)->commit(batch).has_value());
}

}  // namespace lockstep::test
