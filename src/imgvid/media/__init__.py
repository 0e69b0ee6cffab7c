"""Pictures and videos as Telegram and the engines want them: sniffed, limited, planned. No network."""
