// SPDX-License-Identifier: Apache-2.0
// handlers.h: one function for each route.
//
// A handler reads its call, asks the engine, and answers once, now or later. call.h has the shared
// helpers.
#pragma once

#include "server/front/router.h"
#include "server/net/body_sink.h"

namespace lockstep {

void sync_thread(Front& front, Call call, Respond respond);
void follow_events(Front& front, Call call, Respond respond);
void follow_feed(Front& front, Call call, Respond respond);
void open_socket(Front& front, Call call, Respond respond);

void get_thread(Front& front, Call call, Respond respond);
void get_messages(Front& front, Call call, Respond respond);
void get_run(Front& front, Call call, Respond respond);
void get_context(Front& front, Call call, Respond respond);
void list_threads(Front& front, Call call, Respond respond);
void delete_thread(Front& front, Call call, Respond respond);
void write_steps(Front& front, Call call, Respond respond);
// Reports to the engine that the body of a `write_steps` call is unreadable or too long. The run
// then misses these steps, so the engine refuses its later ones too.
void note_unread_steps(Front& front, const Call& call, const Problem& problem);

[[nodiscard]] std::unique_ptr<BodySink> take_blob(Front& front, Call call, Respond respond,
                                                  std::function<void()> drained);
void get_blob(Front& front, Call call, Respond respond);
void get_claimed_blob(Front& front, Call call, Respond respond);
void make_blob_link(Front& front, Call call, Respond respond);

// Of workers: claims.h.
void claim_run(Front& front, Call call, Respond respond);
void write_claimed(Front& front, Call call, Respond respond);
void note_unread_claimed(Front& front, const Call& call, const Problem& problem);

void get_agents(Front& front, Call call, Respond respond);
void get_usage(Front& front, Call call, Respond respond);
void make_ticket(Front& front, Call call, Respond respond);
void get_asset(Front& front, Call call, Respond respond);
void get_health(Front& front, Call call, Respond respond);
void get_readiness(Front& front, Call call, Respond respond);
void get_metrics(Front& front, Call call, Respond respond);

}  // namespace lockstep
