// SPDX-License-Identifier: Apache-2.0
// terminal.h: the output of the verbs, to a person or to a pipe.
//
// The answer goes to standard output; errors, notes and progress go to standard error, so that a
// pipe gets only the answer. Output is coloured only on a terminal, and not if NO_COLOR is set.
// Every verb ends with one of four exit codes, so that a script can tell "there is no such thread"
// from "the store is damaged".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace lockstep {

enum class ExitCode : int {
  ok = 0,
  failed = 1,  // not found, refused, damage found
  usage = 2,   // the command line or a setting is wrong
  store = 3,   // the store can't be opened, or is corrupt
};

// An error as every verb prints it.
struct Trouble {
  ExitCode code = ExitCode::failed;
  std::string what;
  std::string advice;  // what to do next; may be empty
};

// The exit code and the advice for an error of a store.
[[nodiscard]] Trouble trouble_of(const Error& error, const std::string& data);

// The same for a store that can't be opened at all, so that `verify` can't look at it either.
[[nodiscard]] Trouble trouble_of_opening(const Error& error, const std::string& data);

enum class Ink : std::uint8_t { plain, faint, bold, red, green, yellow, blue, cyan };

class Terminal {
 public:
  // Checks once whether standard output and standard error are terminals, and NO_COLOR and TERM.
  Terminal();

  // Writes to standard output. If that fails, the process ends with exit code `failed`.
  // Requires: text from a store or an argument went through printable.h (this prints it as it is).
  void print(std::string_view text);
  // The same for JSON: this escapes what a terminal would obey; a parser reads the same value.
  void print_json(std::string_view json);
  void flush();
  // Writes a line to standard error and makes it printable, because it may quote a file, a store or
  // an argument.
  void note(std::string_view line);
  // Prints the error and returns its exit code, for `return terminal.fail(...)`.
  ExitCode fail(const Trouble& trouble);

  // The text in this ink if standard output may have colour; else the text as it is.
  [[nodiscard]] std::string ink(Ink ink, std::string_view text) const;
  [[nodiscard]] bool is_terminal() const { return output_; }
  [[nodiscard]] bool notes_are_seen() const { return error_; }
  // The size of the terminal; 80 by 24 if standard output is not a terminal.
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::size_t lines() const;

 private:
  bool output_ = false;
  bool error_ = false;
  bool colour_ = false;
};

// Shows the progress of long work: on a terminal one line that is overwritten, else a line every 5
// seconds. Work that ends sooner shows nothing.
class Progress {
 public:
  // Requires: terminal and clock outlive it.
  Progress(Terminal& terminal, Clock& clock, std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void at(std::uint64_t done, std::optional<std::uint64_t> total = {});

 private:
  Terminal& terminal_;
  Clock& clock_;
  std::string what_;
  Timestamp said_;
  bool on_line_ = false;
};

// `1 thread`, `2 threads`; `plural` if the plural is not the word with an s.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view thing,
                                  std::string_view plural = {});

inline constexpr const char* advice_on_no_token_file =
    "`lockstep token create NAME --user USER --file FILE` makes a token file.";

// 2026-11-22 19:08:05.123456 UTC.
[[nodiscard]] std::string time_text(Timestamp at);

}  // namespace lockstep
