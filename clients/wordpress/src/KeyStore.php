<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Store\Facts;

/**
 * This site's key: in a file that the settings name, or in a table of the plugin's own. There it is sealed with the salts of wp-config.php,
 * so that a copy of the database alone is no key. It is shown to nobody but the hub.
 */
final class KeyStore
{
    private const FACT = 'key';

    public function __construct(private readonly Facts $facts, private readonly Settings $settings)
    {
    }

    public function set(#[\SensitiveParameter] ?string $key): void
    {
        if ($key === null) {
            $this->facts->set(self::FACT, null);
            return;
        }
        $nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
        $this->facts->set(self::FACT, base64_encode($nonce . sodium_crypto_secretbox($key, $nonce, self::seal())));
    }

    /** @return array<string, string> `key` or `key_file`, for the client */
    public function options(): array
    {
        $file = $this->settings->text('key_file');
        if ($file !== '') {
            return ['key_file' => $file];
        }
        $key = $this->open();
        return $key === null ? [] : ['key' => $key];
    }

    public function has(): bool
    {
        return $this->settings->text('key_file') !== '' || $this->facts->get(self::FACT) !== null;
    }

    private function open(): ?string
    {
        $stored = $this->facts->get(self::FACT);
        if ($stored === null) {
            return null;
        }
        $bytes = (string) base64_decode($stored, true);
        $size = SODIUM_CRYPTO_SECRETBOX_NONCEBYTES;
        $key = strlen($bytes) > $size ? sodium_crypto_secretbox_open(substr($bytes, $size), substr($bytes, 0, $size), self::seal()) : false;
        if ($key === false) {
            throw new \RuntimeException('the stored key cannot be opened: the salts of wp-config.php have changed; enrol this site anew');
        }
        return $key;
    }

    private static function seal(): string
    {
        return hash('sha256', 'cognate key ' . wp_salt('secure_auth'), true);
    }
}
