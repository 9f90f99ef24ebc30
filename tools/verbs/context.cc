// SPDX-License-Identifier: Apache-2.0
// context.cc: shows the model's input in a run.
//
// That is the path in the state that the run started on, and the body of the request to the model.
// The store keeps the settings of each run as they were sent, so the body comes out byte for byte,
// also after the configuration changed. `repairs` lists each change that the body made to the path.
#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/files/blob_files.h"
#include "engine/store/attachments.h"
#include "engine/store/keys.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "server/inference/compose.h"
#include "tools/base/system.h"
#include "tools/forms/json.h"
#include "tools/forms/transcript.h"
#include "tools/store/reading.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

Result<Context> context_of(const StoreReader& reader, const ThreadRecord& record, const RunId& id) {
  TRY_LET(now, fold_thread(reader.log(), record.number));
  const RunState* row = now.run(id);
  if (!row) {
    return fail(Kind::rejected, codes::unknown_run,
                to_string(record.name()) + " has no run " + id.get());
  }
  if (!row->run.context_ts || !row->run.settings) {
    return fail(Kind::rejected, codes::unknown_run,
                "run " + id.get() + " has not started, so no model has got an input");
  }
  TRY_LET(then, fold_thread(reader.log(), record.number, row->run.context_ts));
  TRY_LET(settings, reader.store().get(Table::settings, keys::settings(*row->run.settings)));
  if (!settings) {
    return fail(Kind::corrupt, codes::corrupt, "the settings of run " + id.get() + " are missing");
  }
  return lockstep::context_of(then, row->run, std::move(*settings));
}

// The ids of a repair, behind its sentence.
std::string ids_text(const Repair& repair) {
  std::string text;
  for (const std::string& id : repair.ids) text += (text.empty() ? " (" : ", ") + printable(id);
  if (text.empty()) return text;
  const std::uint64_t others = repair.count - repair.ids.size();
  return text + (others == 0 ? ")" : ", and " + std::to_string(others) + " more)");
}

void print_json(const Context& context, const Sent& sent, Terminal& terminal) {
  std::string json = "{";
  append_name(json, "path");
  append_array(json, context.path, append_message);
  if (parse_json(sent.body)) append_field_json(json, "sent", sent.body);
  append_name(json, "repairs");
  append_array(json, sent.repairs, append_repair);
  terminal.print_json(json + "}\n");
}

void print_text(const Context& context, const Sent& sent, Terminal& terminal) {
  terminal.print(terminal.ink(Ink::bold, "The path") + "\n");
  for (const Message& message : context.path) {
    terminal.print("\n" + terminal.ink(ink_of(message), heading(message)) + "\n");
    terminal.print(readable(message) + "\n");
  }
  terminal.print("\n" + terminal.ink(Ink::bold, "The request") + "\n\n" + printable(sent.body) +
                 "\n");
  if (sent.repairs.empty()) return;
  terminal.print("\n" + terminal.ink(Ink::bold, "Repairs") + "\n\n");
  for (const Repair& repair : sent.repairs) {
    terminal.print("- " + printable(repair.text) + ids_text(repair) + "\n");
  }
}

}  // namespace

ExitCode run(const ContextOptions& options, Terminal& terminal) {
  const auto reader = StoreReader::open(options.data);
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  const auto record = (*reader)->thread(options.thread, options.user);
  if (!record) return terminal.fail(trouble_of(record.error(), options.data));
  auto context = context_of(**reader, *record, options.run);
  if (!context) {
    Trouble trouble = trouble_of(context.error(), options.data);
    if (context.error().code == codes::unknown_run) {
      trouble.advice = "`lockstep show " + options.thread.get() + "` lists the runs.";
    }
    return terminal.fail(trouble);
  }
  SystemClock clock;
  const auto files = BlobFiles::open(options.data, BlobFiles::Mode::read, clock, 0);
  if (!files) return terminal.fail(trouble_of(files.error(), options.data));
  context->attachments = attachments_of(**files, context->thread.owner, context->path);
  const Sent sent = sent_from_settings(*context);
  if (options.json) print_json(*context, sent, terminal);
  if (!options.json) print_text(*context, sent, terminal);
  return ExitCode::ok;
}

}  // namespace lockstep
