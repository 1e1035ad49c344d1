<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\WordPress\KeyStore;
use Cognate\WordPress\Settings;

/** Bytes of files, to and from the gateway, in pieces: uploads by tus, downloads by ranges. Over WordPress' own HTTP, which every host has. */
final class FileDoor
{
    private const TIMEOUT = 60;

    public function __construct(private readonly Settings $settings, private readonly KeyStore $key)
    {
    }

    /** @return string where the upload is */
    public function begin(LocalFile $file): string
    {
        $answer = $this->ask('POST', '/files/tus', [
            'upload-length' => (string) $file->sizeBytes,
            'upload-metadata' => 'sha256 ' . base64_encode($file->sha256) . ',filename ' . base64_encode(substr($file->name(), -200)),
        ]);
        $location = (string) wp_remote_retrieve_header($answer, 'location');
        $path = (string) parse_url($location, PHP_URL_PATH);
        if ((int) wp_remote_retrieve_response_code($answer) !== 201 || !str_starts_with($path, '/files/tus/')) {
            throw self::failed('the upload of a file does not begin', $answer);
        }
        return $path;
    }

    /** @return int|null how far the upload is; null: there is none any more */
    public function offset(string $upload): ?int
    {
        $answer = $this->ask('HEAD', $upload, []);
        $offset = wp_remote_retrieve_header($answer, 'upload-offset');
        return (int) wp_remote_retrieve_response_code($answer) < 300 && is_numeric($offset) ? (int) $offset : null;
    }

    /** @return int how far the upload is then */
    public function append(string $upload, int $offset, string $bytes): int
    {
        $answer = $this->ask('PATCH', $upload, ['content-type' => 'application/offset+octet-stream', 'upload-offset' => (string) $offset], $bytes);
        $reached = wp_remote_retrieve_header($answer, 'upload-offset');
        if ((int) wp_remote_retrieve_response_code($answer) !== 204 || !is_numeric($reached) || (int) $reached <= $offset) {
            throw self::failed('a piece of a file was not taken', $answer);
        }
        return (int) $reached;
    }

    /** @return string the bytes from there on, at most so many */
    public function read(string $sha256, int $offset, int $length): string
    {
        $answer = $this->ask('GET', "/files/sha256/$sha256", ['range' => "bytes=$offset-" . ($offset + $length - 1)], null, $length);
        $bytes = wp_remote_retrieve_body($answer);
        $code = (int) wp_remote_retrieve_response_code($answer);
        if (($code !== 206 && !($code === 200 && $offset === 0)) || $bytes === '') {
            throw self::failed('a piece of a file was not given', $answer);
        }
        return $bytes;
    }

    /**
     * @param array<string, string> $headers
     * @return array<string, mixed>
     */
    private function ask(string $method, string $path, array $headers, ?string $body = null, int $limit = 1 << 20): array
    {
        $authorization = $this->key->authorization();
        $headers += ['tus-resumable' => '1.0.0', 'accept-encoding' => 'identity'] + ($authorization === null ? [] : ['authorization' => $authorization]);
        $more = $this->settings->text('ca_file') === '' ? [] : ['sslcertificates' => $this->settings->text('ca_file')];
        $answer = wp_remote_request(rtrim($this->settings->text('address'), '/') . $path, $more + [
            'method' => $method, 'headers' => $headers, 'body' => $body, 'timeout' => self::TIMEOUT, 'redirection' => 0, 'decompress' => false,
            'limit_response_size' => $limit, 'user-agent' => 'cognate-wordpress',
        ]);
        if ($answer instanceof \WP_Error) {
            throw new TransferFailed('files: the hub is not reached: ' . $answer->get_error_message());
        }
        return $answer;
    }

    /** @param array<string, mixed> $answer */
    private static function failed(string $what, array $answer): TransferFailed
    {
        $said = json_decode(substr(wp_remote_retrieve_body($answer), 0, 10_000), true);
        $words = is_array($said) && is_string($said['message'] ?? null) ? ": {$said['message']}" : '';
        return new TransferFailed("files: $what (HTTP " . wp_remote_retrieve_response_code($answer) . ")$words");
    }
}
