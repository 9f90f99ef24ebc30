// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>

#include "tests/tidy_text.h"

namespace lockstep::tidy {
namespace {

using View = std::string_view;

// --- Tables --------------------------------------------------------------------------------------

constexpr std::size_t header_lines_max = 160;
constexpr std::size_t file_lines_max = 400;    // above it a file is asked to explain itself
constexpr std::size_t file_lines_split = 600;  // a longer file must be split, also with a reason
constexpr std::size_t line_columns_max = 100;
constexpr std::size_t cmake_lines_max = 40;
constexpr std::uint64_t unnamed_number_max = 64;

constexpr View licence_line = "SPDX-License-Identifier: Apache-2.0";

struct Excuse {
  View path;
  View why;
};

constexpr std::array long_files{
    Excuse{"engine/rules/event.h",
           "the whole vocabulary of facts: splitting it would hide the variant"},
    Excuse{"engine/live/engine.h", "the face of the engine: every verb that the server has"},
    Excuse{"engine/rules/decide.cc", "all rules of changes stand beside those that they yield to"},
    Excuse{"tests/tidy_rules.cc", "the rules stand beside their tables"},
};

// The folders that a folder may include, besides the standard library and itself. The longest
// folder that begins a path counts. `never` is stronger than `may`.
struct Arrows {
  View folder;
  std::vector<View> may;
  std::vector<View> never;
};

const std::vector<Arrows>& arrows() {
  static const std::vector<View> machines{"\"engine/base/alive.h",
                                          "\"engine/base/executor.h",
                                          "\"engine/base/offload.h",
                                          "\"engine/base/time.h",
                                          "<atomic>",
                                          "<condition_variable>",
                                          "<cstdio>",
                                          "<ctime>",
                                          "<filesystem>",
                                          "<fstream>",
                                          "<future>",
                                          "<latch>",
                                          "<mutex>",
                                          "<semaphore>",
                                          "<shared_mutex>",
                                          "<stop_token>",
                                          "<thread>"};
  static const std::vector<Arrows> table{
      {"engine/base/", {"\"engine/base/"}, {}},
      {"engine/rules/", {"\"engine/base/", "\"engine/rules/"}, machines},
      {"engine/store/", {"\"engine/base/", "\"engine/rules/", "\"engine/store/"}, {}},
      {"engine/live/", {"\"engine/"}, {"\"engine/rocks/", "\"engine/files/"}},
      {"schema/", {"<kj/"}, {}},
      {"schema/json/", {"\"schema/json/", "<boost/json/", "<openssl/"}, {}},
      {"engine/rocks/",
       {"\"engine/base/", "\"engine/store/", "\"engine/rocks/", "<rocksdb/", "<nmmintrin.h>",
        "<posix>"},
       {}},
      {"engine/files/",
       {"\"engine/base/", "\"engine/rules/", "\"engine/store/", "\"engine/files/", "<posix>"},
       {}},
      {"server/base/",
       {"\"engine/base/", "\"engine/rules/", "\"schema/json/", "\"server/base/", "<boost/asio/",
        "<openssl/", "<spdlog/", "<toml++/", "<posix>"},
       {}},
      {"server/codec/",
       {"\"engine/", "\"schema/json/", "\"server/base/", "\"server/codec/"},
       {"\"engine/rocks/", "\"engine/store/"}},
      {"server/net/",
       {"\"engine/base/", "\"engine/rules/", "\"schema/json/", "\"server/base/", "\"server/codec/",
        "\"server/net/", "<boost/", "<openssl/", "<posix>"},
       {}},
      {"server/front/",
       {"\"engine/", "\"schema/json/", "\"server/base/", "\"server/codec/", "\"server/net/",
        "\"server/front/", "<boost/", "<openssl/", "<prometheus/", "<posix>"},
       {"\"engine/rocks/"}},
      // Inference is told its context and says steps: it sees values and the producer, no machine.
      {"server/inference/",
       {"\"engine/base/", "\"engine/rules/", "\"schema/json/", "\"server/base/timer.h",
        "\"server/inference/", "<boost/", "<openssl/", "<posix>"},
       {}},
      {"server/",
       {"\"engine/", "\"schema/json/", "\"server/", "<boost/", "<posix>"},
       {"\"engine/rocks/", "\"server/inference/"}},
      {"tools/base/",
       {"\"engine/base/", "\"server/base/", "\"tools/base/", "<boost/asio/", "<posix>"},
       {}},
      {"tools/store/",
       {"\"engine/", "\"schema/json/", "\"server/base/", "\"server/inference/", "\"tools/base/",
        "\"tools/store/", "<boost/asio/", "<posix>"},
       {}},
      {"tools/forms/",
       {"\"engine/", "\"schema/json/", "\"server/base/", "\"server/codec/", "\"tools/base/",
        "\"tools/store/", "\"tools/forms/"},
       {"\"engine/rocks/"}},
      {"tools/verbs/",
       {"\"engine/", "\"schema/json/", "\"server/", "\"tools/base/", "\"tools/store/",
        "\"tools/forms/", "\"tools/verbs/", "<boost/asio/", "<posix>"},
       {}},
      {"tools/",
       {"\"engine/base/", "\"server/base/", "\"server/inference/", "\"tools/", "<CLI/", "<posix>"},
       {}},
      {"tests/", {"\"", "<"}, {}},
      {"bench/", {"\"", "<"}, {}},
  };
  return table;
}

// Libraries that only named files of a folder see.
struct Guest {
  View path_part;
  View include;
};
constexpr std::array guests{
    Guest{"engine/rules/digest.cc", "<openssl/sha.h>"},
    Guest{"engine/rules/digest.cc", "<openssl/evp.h>"},
    Guest{"engine/rules/title.cc", "<utf8proc.h>"},
    Guest{"tools/forms/markdown_quote.cc", "<cmark.h>"},
    Guest{"engine/store/packed.", "<capnp/"},
    Guest{"engine/store/packed.", "\"schema/clang.h"},
    Guest{"engine/store/packed.", "<kj/"},
    Guest{"engine/store/row_codec", "\"schema/"},
    Guest{"engine/store/row_codec", "<capnp/"},
    Guest{"engine/store/row_codec", "<kj/"},
    Guest{"engine/store/content_codec", "\"schema/"},
    Guest{"engine/store/content_codec", "<capnp/"},
    Guest{"engine/store/content_codec", "<kj/"},
    Guest{"engine/store/entry_", "\"schema/"},
    Guest{"engine/store/entry_", "<capnp/"},
    Guest{"engine/store/entry_", "<kj/"},
};

struct Banned {
  View word;
  std::vector<View> where;   // folders
  std::vector<View> except;  // files, or parts of their names
  View why;
};

const std::vector<Banned>& banned_words() {
  static const std::vector<View> ours{"engine/", "server/", "tools/", "tests/", "bench/"};
  static const std::vector<View> core{"engine/"};
  static const std::vector<View> product{"engine/", "server/", "tools/"};
  static const std::vector<Banned> table{
      {"assert(", ours, {}, "MUST stands in every build"},
      {"detached", ours, {}, "what runs has an owner that can stop it"},
      {"code == \"", product, {}, "codes are compared with the constants of engine/base/codes.h"},
      {"code != \"", product, {}, "codes are compared with the constants of engine/base/codes.h"},
      {"why = {\"", product, {}, "codes are made from the constants of engine/base/codes.h"},
      {"failed_run({\"", product, {}, "codes are made from the constants of engine/base/codes.h"},
      {"co_await", ours, {}, "callbacks, as docs/decisions/callbacks.md says"},
      {"co_yield", ours, {}, "callbacks, as docs/decisions/callbacks.md says"},
      {"co_return", ours, {}, "callbacks, as docs/decisions/callbacks.md says"},
      {"[=]", ours, {}, "captures are spelt out"},
      {"instance()", ours, {}, "nothing is reachable that was not handed over"},
      {"thread_local", ours, {}, "no globals"},
      {"std::mutex",
       ours,
       {"queue", "engine/files/blob_files", "tests/"},
       "locks live in the queues that cross threads"},
      {"std::this_thread::sleep_for",
       ours,
       {"tools/verbs/replay.cc"},
       "nothing waits by the clock"},
      {"usleep(", ours, {}, "nothing waits by the clock"},
      {"_clock::now",
       ours,
       {"clock", "server/server.cc", "tools/base/system.", "tests/", "bench/"},
       "time is handed in"},
      {"rand(", ours, {}, "chance is handed in"},
      {"random_device", ours, {"random", "tools/base/system.", "tests/"}, "chance is handed in"},
      {"mt19937", product, {}, "chance is handed in"},
      {"steady_timer", {"engine/", "tools/"}, {}, "timers go through the executor"},
      {"throw", core, {"codec", "packed", "codes.h"}, "errors are values"},
      {"catch (", core, {"codec", "packed", "entry_decode"}, "errors are values"},
      {"catch (...)", ours, {}, "nobody goes on after what they do not know"},
      {"using namespace", {"engine/", "server/"}, {}, "names say where they are from"},
      {"goto", ours, {}, "control flow is written out"},
  };
  return table;
}

// Files whose numbers are others' constants (a protocol's codes, a format's masks), and limits.
constexpr std::array files_of_numbers{
    View{"limits.h"},
    View{"_codec"},
    View{"codes"},
    View{"utf8"},
    View{"text.cc"},
    View{"metrics.h"},
    View{"server/base/config.h"},
    View{"front/handlers_"},
    View{"front/router"},
    View{"crc32c"},
    View{"frames"},
    View{"http_"},
    View{"problem"},
    View{"status"},
    View{"paging.cc"},
};
// Bytes and bits, percent, and units of time: they mean the same everywhere.
constexpr std::array<std::uint64_t, 8> plain_numbers{100, 127,  128,  255,
                                                     256, 1000, 1024, 1'000'000};

// --- Rules ---------------------------------------------------------------------------------------

void add(Findings& findings, const Source& source, std::size_t line, std::string what) {
  findings.push_back({.path = source.path, .line = line, .what = std::move(what)});
}

}  // namespace

Findings essay(const Source& source) {
  Findings findings;
  if (!is_header(source.path)) return findings;
  std::vector<View> lines = lines_of(source.text);
  if (!lines.empty() && lines[0].contains(licence_line)) lines.erase(lines.begin());
  const std::string opening = "// " + std::string(name_of(source.path)) + ": ";
  if (lines.empty() || !lines[0].starts_with(opening)) {
    add(findings, source, 1, "a header opens with `" + opening + "` and what it is for");
  } else if (source.path.starts_with("tests/")) {
    // A fixture may say all in one line.
  } else if (lines.size() < 3 || !lines[1].starts_with("//") || !lines[2].starts_with("//")) {
    add(findings, source, 2, "a header's essay has a paragraph below its first line");
  }
  if (!has(lines, View{"#pragma once"})) {
    add(findings, source, 0, "a header says #pragma once");
  }
  return findings;
}

Findings licence(const Source& source) {
  Findings findings;
  const bool code = is_cpp(source.path) || source.path.ends_with(".ts") ||
                    source.path.ends_with(".tsx") || source.path.ends_with(".mjs") ||
                    source.path.ends_with(".capnp") ||
                    (source.path.starts_with("scripts/") && !source.path.ends_with(".json"));
  if (!code) return findings;
  const std::vector<View> lines = lines_of(source.text);
  const std::size_t at = !lines.empty() && lines[0].starts_with("#!") ? 1 : 0;
  if (lines.size() <= at || !lines[at].contains(licence_line)) {
    add(findings, source, at + 1, "a source file begins with its licence, SPDX-License-Identifier");
  }
  return findings;
}

Findings lengths(const Source& source) {
  Findings findings;
  const std::vector<View> lines = lines_of(source.text);
  const bool licensed = !lines.empty() && lines[0].contains(licence_line);
  const std::size_t count = lines.size() - (licensed ? 1 : 0);
  const bool excused = has(long_files, source.path, &Excuse::path);
  if (name_of(source.path) == "CMakeLists.txt" && source.path.contains("/") &&
      source.path != "tests/CMakeLists.txt" && count > cmake_lines_max) {
    add(findings, source, 0, "a folder's CMakeLists.txt has at most 40 lines");
  }
  if (!is_cpp(source.path)) return findings;
  const bool test = source.path.starts_with("tests/");  // cases and fixtures may be long
  if (is_header(source.path) && count > header_lines_max && !excused && !test) {
    add(findings, source, 0, "a header has at most 160 lines");
  }
  if (count > file_lines_split || (count > file_lines_max && !excused && !test)) {
    add(findings, source, 0, "a file above 400 lines has a reason in a table, above 600 is split");
  }
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (columns(lines[n]) > line_columns_max)
      add(findings, source, n + 1, "a line has 100 columns");
    // A formatter that breaks comments makes two lines of one.
    const View ruler = lines[n].substr(std::min(lines[n].find_first_not_of(' '), lines[n].size()));
    if (ruler.starts_with("// ----") && ruler.find_first_not_of("/ -") == View::npos)
      add(findings, source, n + 1, "a ruler stands in one line with its title");
  }
  return findings;
}

namespace {

// `<vector>` yes, `<sys/socket.h>` and `<unistd.h>` no: those are the system's.
bool is_standard(View include) {
  return include.starts_with('<') && !include.contains('/') && !include.contains('.');
}
bool is_system(View include) {
  return include.starts_with('<') && include.ends_with(".h>") &&
         (!include.contains('/') || include.starts_with("<sys/") || include.starts_with("<arpa/") ||
          include.starts_with("<netinet/") || include.starts_with("<linux/"));
}

const Arrows* arrows_of(View path) {
  const Arrows* best = nullptr;
  for (const Arrows& each : arrows()) {
    if (!path.starts_with(each.folder)) continue;
    if (best == nullptr || each.folder.size() > best->folder.size()) best = &each;
  }
  return best;
}

bool may_include(const Arrows& rule, View path, View include) {
  if (starts_with_any(include, rule.never)) return false;
  if (is_standard(include) || starts_with_any(include, rule.may)) return true;
  if (is_system(include) && has(rule.may, View{"<posix>"})) return true;
  return std::ranges::any_of(guests, [path, include](const Guest& guest) {
    return path.contains(guest.path_part) && include.starts_with(guest.include);
  });
}

}  // namespace

Findings includes(const Source& source) {
  Findings findings;
  if (!is_cpp(source.path)) return findings;
  const Arrows* rule = arrows_of(source.path);
  if (rule == nullptr) {
    add(findings, source, 0, "its folder has no line in the table of what it may include");
    return findings;
  }
  const std::vector<View> lines = lines_of(source.text);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (!lines[n].starts_with("#include ")) continue;
    const View include = lines[n].substr(9);
    if (!may_include(*rule, source.path, include)) {
      add(findings, source, n + 1,
          std::string(rule->folder) + " may not include " + std::string(include));
    }
  }
  return findings;
}

namespace {

void banned_in_line(Findings& findings, const Source& source, std::size_t line, View code) {
  for (const Banned& each : banned_words()) {
    if (!starts_with_any(source.path, each.where) || contains_any(source.path, each.except))
      continue;
    if (!find_word(code, each.word)) continue;
    add(findings, source, line, "`" + std::string(each.word) + "`: " + std::string(each.why));
  }
}

}  // namespace

Findings words(const Source& source) {
  Findings findings;
  if (!is_cpp(source.path) || source.path.starts_with("tests/tidy_")) return findings;
  const std::string code = code_of(source.text);
  const std::vector<View> code_lines = lines_of(code);
  const std::vector<View> lines = lines_of(source.text);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    for (const View mark : {View{"TODO(now)"}, View{"FIXME"}, View{"NOLINT"}}) {
      if (find_word(lines[n], mark))
        add(findings, source, n + 1, "`" + std::string(mark) + "` stays home");
    }
    banned_in_line(findings, source, n + 1, code_lines[n]);
  }
  return findings;
}

namespace {

// The decimal integers of a line of code. Bit patterns (hexadecimal, binary) and fractions are no
// limits.
std::vector<std::uint64_t> integers_in(View code) {
  std::vector<std::uint64_t> found;
  for (std::size_t at = 0; at < code.size();) {
    if (std::isdigit(static_cast<unsigned char>(code[at])) == 0 ||
        (at > 0 && is_word(code[at - 1]))) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < code.size() && (is_word(code[end]) || code[end] == '\'' || code[end] == '.'))
      ++end;
    std::string token(code.substr(at, end - at));
    at = end;
    std::erase(token, '\'');
    const bool pattern = token.size() > 1 && token[0] == '0';
    if (pattern || token.contains('.')) continue;
    std::uint64_t value = 0;
    std::from_chars(token.data(), token.data() + token.size(), value);
    found.push_back(value);
  }
  return found;
}

}  // namespace

Findings numbers(const Source& source) {
  Findings findings;
  const bool ours = source.path.starts_with("engine/") || source.path.starts_with("server/");
  if (!ours || !is_cpp(source.path) || contains_any(source.path, files_of_numbers)) return findings;
  const std::string code = code_of(source.text);
  const std::vector<View> lines = lines_of(code);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (lines[n].starts_with('#')) continue;
    for (const std::uint64_t value : integers_in(lines[n])) {
      if (value <= unnamed_number_max || has(plain_numbers, value)) continue;
      add(findings, source, n + 1, std::to_string(value) + " needs a name, in limits.h");
    }
  }
  return findings;
}

Findings test_names(const Source& source) {
  Findings findings;
  if (!source.path.starts_with("tests/") || !is_cc(source.path)) return findings;
  const std::string code = code_of(source.text);
  const std::vector<View> lines = lines_of(code);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (!starts_with_any(lines[n], std::array{View{"TEST("}, View{"TEST_F("}, View{"TEST_P("}}))
      continue;
    const std::size_t comma = lines[n].find(',');
    if (comma == View::npos) continue;
    const View name = lines[n].substr(comma + 1, lines[n].find(')') - comma - 1);
    const auto capitals = std::ranges::count_if(name, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (capitals < 2 || name.contains('_'))
      add(findings, source, n + 1, "a test's name is a sentence");
  }
  return findings;
}

Findings machine_paths(const Source& source) {
  static constexpr std::array places{View{"/work/"},     View{"/root/"},     View{"npmjs.org"},
                                     View{"debian.org"}, View{"pypi.org"},   View{"crates.io"},
                                     View{"npmjs.com"},  View{"nodesource"}, View{"jfrog"}};
  Findings findings;
  if (source.path.starts_with("tests/tidy_")) return findings;
  const bool may_use_tmp = source.path.starts_with("tests/") || source.path.starts_with("bench/");
  const std::vector<View> lines = lines_of(source.text);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const bool tmp = lines[n].contains("/tmp/") && !may_use_tmp;
    if (contains_any(lines[n], places) || tmp) {
      add(findings, source, n + 1, "speaks of one machine, or of a registry's host");
    }
  }
  return findings;
}

namespace {

// Every path that a CMakeLists.txt may mean: its words, seen from its folder.
std::set<std::string> built_paths(std::span<const Source> tree) {
  std::set<std::string> paths;
  for (const Source& source : tree) {
    if (name_of(source.path) != "CMakeLists.txt") continue;
    const std::filesystem::path folder = folder_of(source.path);
    std::string word;
    for (const char c : source.text + " ") {
      if (is_word(c) || c == '.' || c == '/' || c == '-') {
        word += c;
      } else {
        paths.insert((folder / std::exchange(word, {})).lexically_normal().generic_string());
      }
    }
  }
  return paths;
}

}  // namespace

Findings dead_files(std::span<const Source> tree) {
  const std::set<std::string> built = built_paths(tree);
  std::set<View> included;
  for (const Source& source : tree) {
    for (const View line : lines_of(source.text)) {
      if (line.starts_with("#include \"")) included.insert(line.substr(9));
    }
  }
  Findings findings;
  for (const Source& source : tree) {
    if (is_header(source.path) && !included.contains("\"" + source.path + "\"")) {
      add(findings, source, 0, "nobody includes this header");
    }
    if (!is_cc(source.path)) continue;
    // A loop over names in a recipe adds the `.cc` itself.
    const std::string stem = source.path.substr(0, source.path.size() - 3);
    if (!built.contains(source.path) && !built.contains(stem)) {
      add(findings, source, 0, "no CMakeLists.txt names this source");
    }
  }
  return findings;
}

}  // namespace lockstep::tidy
