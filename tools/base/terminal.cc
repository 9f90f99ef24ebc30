// SPDX-License-Identifier: Apache-2.0
#include "tools/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "engine/base/codes.h"
#include "server/base/printable.h"

namespace lockstep {
namespace {

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t line_every_us = second_us / 10;  // on a terminal
constexpr std::uint64_t note_every_us = 5 * second_us;   // in a file

const char* code_of(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "0";
    case Ink::faint:
      return "2";
    case Ink::bold:
      return "1";
    case Ink::red:
      return "31";
    case Ink::green:
      return "32";
    case Ink::yellow:
      return "33";
    case Ink::blue:
      return "34";
    case Ink::cyan:
      return "36";
  }
  return "0";
}

winsize size_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    size.ws_col = 80;
    size.ws_row = 24;
  }
  return size;
}

constexpr const char* advice_on_denied =
    "Run this as its owner; or let the group read the store of a server: `share_with_group = "
    "true`.";

[[noreturn]] void output_failed() {
  std::perror("lockstep: can't write to standard output");
  std::_Exit(static_cast<int>(ExitCode::failed));
}

}  // namespace

Trouble trouble_of(const Error& error, const std::string& data) {
  Trouble trouble{ExitCode::failed, error.detail.empty() ? error.code : error.detail, ""};
  if (error.code == codes::no_store || error.code == codes::not_a_store) {
    trouble.code = ExitCode::store;
    trouble.advice = "Is " + data +
                     " the right folder (--data DIR)? `lockstep serve` makes a new " +
                     "store in a missing or empty folder.";
    return trouble;
  }
  if (error.code == codes::unfinished_restore || error.code == codes::newer_format) {
    trouble.code = ExitCode::store;
    return trouble;
  }
  if (error.code == codes::denied) {
    trouble.code = ExitCode::store;
    trouble.advice = advice_on_denied;
    return trouble;
  }
  switch (error.kind) {
    case Kind::corrupt:
      trouble.code = ExitCode::store;
      trouble.advice = "`lockstep verify --data " + data +
                       "` lists the damage. Copy the folder before any repair.";
      break;
    case Kind::unavailable:
      trouble.code = ExitCode::store;
      trouble.advice = "Check that " + data +
                       " is the right folder (--data DIR), that you may read it, and that no other "
                       "process has it open.";
      break;
    case Kind::not_found:
    case Kind::gone:
      trouble.advice = "`lockstep show` lists the threads.";
      break;
    default:
      if (error.code == codes::inside) trouble.advice = "Name a place outside of that folder.";
      if (error.code == codes::ambiguous)
        trouble.advice = "Add --user NAME with one of these users.";
      if (error.code == codes::newer_format) trouble.code = ExitCode::store;
      if (error.code == codes::older_format) {
        trouble.code = ExitCode::store;
        trouble.advice =
            "`lockstep serve --data " + data + "` upgrades it, and resumes an interrupted upgrade.";
      }
      break;
  }
  return trouble;
}

Trouble trouble_of_opening(const Error& error, const std::string& data) {
  Trouble trouble = trouble_of(error, data);
  if (error.code == codes::denied) return trouble;
  if (error.kind == Kind::unavailable && error.code != codes::locked) {
    trouble.advice += " Then try again.";
  }
  if (error.code == codes::locked) {
    trouble.advice =
        "Stop that process first. Until then only `backup` and the verbs that read (`show`, "
        "`replay`, `context`, `export`, `verify`) work.";
  } else if (error.code == codes::derived_damaged) {
    trouble.advice =
        "Copy the folder, then make it again from the log: `lockstep rebuild --data " + data + "`.";
  } else if (error.code == codes::unfinished_restore || error.code == codes::unfinished_rebuild) {
    trouble.code = ExitCode::store;
    trouble.advice = "";  // the error itself names the command
  } else if (error.code == codes::newer_format) {
    trouble.code = ExitCode::store;
    trouble.advice =
        "Use a newer version (`lockstep --version` shows this one), or restore a backup that an "
        "older version made into a new folder: `lockstep restore`.";
  } else if (error.code == codes::not_a_store) {
    trouble.advice =
        "Name the folder of a store, or a new folder (--data DIR); `lockstep restore` restores a "
        "backup.";
  } else if (error.kind == Kind::corrupt) {
    trouble.advice =
        "Keep this folder. `lockstep restore` makes a store from a backup. Without a backup, "
        "`lockstep salvage --from " +
        data +
        " --to NEWDIR` keeps the entries of each thread before the damage, and lists the rest.";
  }
  return trouble;
}

Terminal::Terminal()
    : output_(isatty(STDOUT_FILENO) == 1), error_(isatty(STDERR_FILENO) == 1), colour_(output_) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  if (no_color && *no_color != '\0') colour_ = false;
  if (kind && std::string_view(kind) == "dumb") colour_ = false;
}

void Terminal::print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_failed();
}

void Terminal::print_json(std::string_view json) { print(printable_json(json)); }

void Terminal::flush() {
  // Some file systems report a full disk only at the end.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) output_failed();
}

void Terminal::note(std::string_view line) {
  std::fflush(stdout);
  const std::string shown = printable(line);
  std::fprintf(stderr, "%s\n", shown.c_str());
}

ExitCode Terminal::fail(const Trouble& trouble) {
  note("lockstep: " + trouble.what);
  if (!trouble.advice.empty()) note("  " + trouble.advice);
  return trouble.code;
}

std::string Terminal::ink(Ink ink, std::string_view text) const {
  if (!colour_ || ink == Ink::plain) return std::string(text);
  return std::string("\x1b[") + code_of(ink) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t Terminal::columns() const { return size_of_terminal().ws_col; }
std::size_t Terminal::lines() const { return size_of_terminal().ws_row; }

Progress::Progress(Terminal& terminal, Clock& clock, std::string what)
    : terminal_(terminal), clock_(clock), what_(std::move(what)), said_(clock.now()) {}

Progress::~Progress() {
  if (on_line_) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(std::uint64_t done, std::optional<std::uint64_t> total) {
  const Timestamp now = clock_.now();
  const std::uint64_t pause = terminal_.notes_are_seen() ? line_every_us : note_every_us;
  if (now.get() < said_.get() + pause) return;
  said_ = now;
  std::string line = what_ + ": " + std::to_string(done);
  if (total) line += " of " + std::to_string(*total);
  if (!terminal_.notes_are_seen()) return terminal_.note(line);
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  on_line_ = true;
}

std::string counted(std::uint64_t number, std::string_view thing, std::string_view plural) {
  std::string text = std::to_string(number) + " ";
  if (number == 1) return text.append(thing);
  if (!plural.empty()) return text.append(plural);
  return text.append(thing) + "s";
}

std::string time_text(Timestamp at) {
  const auto seconds = static_cast<std::time_t>(at.get() / second_us);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  char micros[16];
  std::snprintf(micros, sizeof micros, ".%06u UTC", static_cast<unsigned>(at.get() % second_us));
  return std::string(text, size) + micros;
}

}  // namespace lockstep
