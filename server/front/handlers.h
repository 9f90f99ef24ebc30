// SPDX-License-Identifier: Apache-2.0
// handlers.h: one function a route.
//
// Each reads its call, asks the engine, and answers once, now or later. What they have in common,
// reading a query and choosing a form, is in call.h.
#pragma once

#include "server/front/router.h"

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
// A call of these whose body can't be read, or is longer than any may be: the run's writer is told
// so of the later steps, too.
void note_unread_steps(Front& front, const Call& call, const Problem& problem);

void make_ticket(Front& front, Call call, Respond respond);
void get_asset(Front& front, Call call, Respond respond);
void get_health(Front& front, Call call, Respond respond);
void get_readiness(Front& front, Call call, Respond respond);
void get_metrics(Front& front, Call call, Respond respond);

}  // namespace lockstep
