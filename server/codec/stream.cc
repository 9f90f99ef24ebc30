// SPDX-License-Identifier: Apache-2.0
#include "server/codec/stream.h"

#include "engine/base/must.h"
#include "schema/json/json_text.h"
#include "server/codec/ws_frames.h"

namespace lockstep {

void Framing::append(std::string& out, std::string_view frame, std::string_view cursor) const {
  if (form == Form::socket) {
    MUST(frame.starts_with('{'));
    std::string head = "{\"id\":";
    append_text(head, id);
    head += ',';
    append_ws_header(out, WsOpcode::text, head.size() + frame.size() - 1);
    out += head;
    out += frame.substr(1);
    return;
  }
  if (form == Form::sse) {
    if (!cursor.empty()) {
      out += "id: ";
      out += cursor;
      out += '\n';
    }
    out += "data: ";
  }
  out += frame;
  out += form == Form::sse ? "\n\n" : "\n";
}

}  // namespace lockstep
