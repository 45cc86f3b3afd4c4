# Nothing: one processor, no swap, no conntrack; its kernel's parameters switch IPv6 and pressure figures off.
