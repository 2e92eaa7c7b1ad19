// Every endpoint, one file each; routes.cc says where they are.
#pragma once

#include "server/routes.h"

namespace zubr::server::endpoints {

void healthz(const Site& site, const Request& request, Exchange& exchange);           // healthz.cc
void readyz(const Site& site, const Request& request, Exchange& exchange);            // readyz.cc
void list_models(const Site& site, const Request& request, Exchange& exchange);       // models.cc
void get_model(const Site& site, const Request& request, Exchange& exchange);         // models.cc
void chat_completions(const Site& site, const Request& request, Exchange& exchange);  // chat_completions.cc
void completions(const Site& site, const Request& request, Exchange& exchange);       // completions.cc
void embeddings(const Site& site, const Request& request, Exchange& exchange);        // embeddings.cc
void classify(const Site& site, const Request& request, Exchange& exchange);          // classify.cc

}  // namespace zubr::server::endpoints
