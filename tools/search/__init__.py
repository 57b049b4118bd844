"""The book's search: what a page says, where, and which word with bits a query may be; its page is book/_assets/rsn/search.js."""
