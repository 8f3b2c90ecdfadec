"""Takes in what mail servers send back about messages: bounces, delays and complaints."""
