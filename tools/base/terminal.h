// SPDX-License-Identifier: Apache-2.0
// terminal.h: how the verbs speak to a person, or to a pipe.
//
// What was asked for goes to standard output, everything else (errors, notes, progress) to standard
// error, so that a pipe gets the answer alone. Colour is used only where a person looks: on a
// terminal, and not if NO_COLOR is set. The exit code of every verb is one of four, so that a
// script can tell "there is no such thread" from "the store is damaged".
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

// What is wrong, and what to do about it, as every verb prints it.
struct Trouble {
  ExitCode code = ExitCode::failed;
  std::string what;
  std::string advice;  // maybe empty
};

// An error of a store: which exit code it is, and what to do next.
[[nodiscard]] Trouble trouble_of(const Error& error, const std::string& data);

// The same of a store that can't be opened at all, by `verify` neither.
[[nodiscard]] Trouble trouble_of_opening(const Error& error, const std::string& data);

enum class Ink : std::uint8_t { plain, faint, bold, red, green, yellow, blue, cyan };

class Terminal {
 public:
  // Looks once at what standard output and standard error are, and at NO_COLOR.
  Terminal();

  // To standard output. Fails (the process ends with `failed`) if it can't be written.
  // `text` is printed as it is: what comes from a store or an argument has gone through
  // printable.h.
  void print(std::string_view text);
  // The same for JSON, which is made safe for a screen here and says the same.
  void print_json(std::string_view json);
  void flush();
  // A line to standard error, made printable: it may name what a file, a store or an argument
  // holds.
  void note(std::string_view line);
  // Says what is wrong; for `return terminal.fail(...)`.
  ExitCode fail(const Trouble& trouble);

  // The text in this ink where standard output is a terminal that may have colour; else as it is.
  [[nodiscard]] std::string ink(Ink ink, std::string_view text) const;
  [[nodiscard]] bool is_terminal() const { return output_; }
  [[nodiscard]] bool notes_are_seen() const { return error_; }
  // Of the terminal; 80 by 24 if there is none.
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::size_t lines() const;

 private:
  bool output_ = false;
  bool error_ = false;
  bool colour_ = false;
};

// How far long work has come: one line that is written over on a terminal, else a line every few
// seconds. Nothing at all for work that is done at once.
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

// `1 thread`, `2 threads`; `plural` where it is not made with an s.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view thing,
                                  std::string_view plural = {});

// 2026-11-22 19:08:05.123456 UTC.
[[nodiscard]] std::string time_text(Timestamp at);

}  // namespace lockstep
