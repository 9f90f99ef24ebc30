// SPDX-License-Identifier: Apache-2.0
// call_arguments.h: the arguments of one call, as they come in pieces.
//
// Arguments are the text of one JSON object. Servers send them in pieces, and some send more than
// the object: `{}` before the pieces (a gateway that shows Claude's empty first input), or all of
// them again in the last piece. Joined, neither would be JSON, and no provider would take the call
// back. Nothing may follow a whole object, so both can be told from content:
//   more follows `{}`                      the `{}` is dropped
//   a piece that repeats the whole object  it is dropped, in one piece or in several
//   any other text behind the object       it is kept: the arguments are not JSON, and show it
// Content can only grow on a screen, so `{}` is held back until more follows, or the call ends.
//
// The scanner looks at each byte once, and the strict reader reads the object once, when its last
// brace has come: the cost is linear in the answer, in whatever pieces it comes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep {

class CallArguments {
 public:
  // `text`: valid UTF-8. Returns the text to show now.
  [[nodiscard]] std::string feed(std::string_view text);

  // The call has ended: the text that was still held back.
  [[nodiscard]] std::string finish();

  // Is the text a whole JSON object?
  [[nodiscard]] bool whole() const { return state_ == State::whole; }
  // Does the text hold anything but white space?
  [[nodiscard]] bool begun() const { return state_ != State::blank; }
  // Would the text, behind a whole object, count as its repetition, or replace a `{}`?
  [[nodiscard]] bool repeats(std::string_view text) const;

 private:
  // `blank`: only white space. `broken`: no JSON object, whatever follows.
  enum class State { blank, inside, whole, broken };

  void take(std::string_view text);
  [[nodiscard]] std::size_t scan(std::string_view text);
  [[nodiscard]] std::size_t take_behind(std::string_view text);
  [[nodiscard]] std::string_view object() const;

  State state_ = State::blank;
  std::string text_;
  std::size_t shown_ = 0;     // bytes of `text_` that were returned
  std::size_t begin_ = 0;     // of the object
  std::size_t end_ = 0;       // of the object, if it is whole
  std::size_t repeated_ = 0;  // bytes of the object that came again
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool has_members_ = false;  // anything but white space within the object
};

}  // namespace lockstep
