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

// Ollama's API: ollama/
void ollama_generate(const Site& site, const Request& request, Exchange& exchange);    // ollama/generate.cc
void ollama_chat(const Site& site, const Request& request, Exchange& exchange);        // ollama/chat.cc
void ollama_embed(const Site& site, const Request& request, Exchange& exchange);       // ollama/embed.cc
void ollama_embeddings(const Site& site, const Request& request, Exchange& exchange);  // ollama/embed.cc
void ollama_tags(const Site& site, const Request& request, Exchange& exchange);        // ollama/tags.cc
void ollama_ps(const Site& site, const Request& request, Exchange& exchange);          // ollama/tags.cc
void ollama_version(const Site& site, const Request& request, Exchange& exchange);     // ollama/tags.cc
void ollama_show(const Site& site, const Request& request, Exchange& exchange);        // ollama/show.cc
void ollama_copy(const Site& site, const Request& request, Exchange& exchange);        // ollama/shelf.cc
void ollama_delete(const Site& site, const Request& request, Exchange& exchange);      // ollama/shelf.cc
void ollama_pull(const Site& site, const Request& request, Exchange& exchange);        // ollama/shelf.cc
void ollama_has_blob(const Site& site, const Request& request, Exchange& exchange);    // ollama/shelf.cc
void ollama_put_blob(const Site& site, const Request& request, Exchange& exchange);    // ollama/shelf.cc
void ollama_create(const Site& site, const Request& request, Exchange& exchange);      // ollama/shelf.cc
void ollama_push(const Site& site, const Request& request, Exchange& exchange);        // ollama/shelf.cc

}  // namespace zubr::server::endpoints
