package chain

// Apart returns a client of each endpoint alone, for what all of them have to agree on.
// They share the connections of c, which closes them.
func (c *Client) Apart() []*Client {
	all := make([]*Client, len(c.endpoints))
	for i, e := range c.endpoints {
		all[i] = &Client{endpoints: []*endpoint{e}, chainID: c.chainID, errors: c.errors}
	}
	return all
}

// Endpoint is the scheme and host of the endpoint that answered last.
func (c *Client) Endpoint() string {
	return c.endpoints[int(c.current.Load())%len(c.endpoints)].name
}
