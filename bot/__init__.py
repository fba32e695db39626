"""Answerdesk: a customer-service bot that answers only what the shop's own pages carry."""
