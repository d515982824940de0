"""What Prometheus and Grafana are told: addresses, alerts, a board, and the age of the figures."""
