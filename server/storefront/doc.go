// Package storefront shows a shop to machines that look for something to buy.
//
// What is sold at the moment flows in ([Sold]): tools, routes, what each costs, and by which
// terms it is paid. Out flow the documents that agents and directories read: the list of
// resources at [WellKnownPath], the OpenAPI document at [OpenAPIPath], whose operations say what
// they cost, and the page in plain words at [LLMsPath]. They may be kept by whoever reads them for
// [MaxAge]; what is asked for by the terms of an unpaid request is what counts. What upstreams
// wrote is data: it is cut, stays on its line, and is neither markup nor a link.
package storefront
