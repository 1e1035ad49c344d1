<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ClientConfig;
use Cognate\Client\Cognate;
use Cognate\Client\Credential;
use Cognate\Client\Endpoint;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InvalidConfiguration;
use Cognate\V1\WhoAmIRequest;
use PHPUnit\Framework\TestCase;

final class ConfigTest extends TestCase
{
    private const SECRET = 'cgk_abcdefgh2345_thisisverysecret';

    public function testAddressesAreRead(): void
    {
        $forms = [
            'https://hub:7400' => 'https://hub:7400', 'https://hub.example.org' => 'https://hub.example.org:443', 'http://127.0.0.1/' => 'http://127.0.0.1:80',
            'http://[::1]:7400' => 'http://[::1]:7400', 'unix:/run/cognate.sock' => 'unix:/run/cognate.sock',
        ];
        foreach ($forms as $given => $shown) {
            self::assertSame($shown, (string) Endpoint::parse($given));
        }
    }

    /** @return iterable<array{array<string, mixed>, string}> */
    public static function wrong(): iterable
    {
        foreach (['', 'hub:7400', 'ftp://hub', 'https://', 'https://hub/path', 'https://hub?x', 'https://h ub', 'unix:relative', 'unix:/' . str_repeat('x', 120), "unix:/a\nb", 'https://hub:99999'] as $address) {
            yield [['address' => $address], 'address: got'];
        }
        yield [['address' => 'https://user:pass@hub'], 'address: got'];
        yield [[], 'address: got null'];
        yield [['address' => 'https://hub', 'colour' => 'red'], 'colour'];
        yield [['address' => 'https://hub', 'transport' => 'pigeon'], 'transport: got "pigeon"'];
        yield [['address' => 'https://hub', 'key' => 'a', 'key_file' => 'b'], 'one of the two'];
        yield [['address' => 'https://hub', 'key' => "a\r\nx-evil: 1"], 'key: want one word'];
        yield [['address' => 'https://hub', 'key_file' => '/nonexistent'], 'cannot read /nonexistent'];
        yield [['address' => 'https://hub', 'ca_file' => '/nonexistent'], 'cannot read /nonexistent'];
        yield [['address' => 'https://hub', 'client_certificate' => __FILE__], 'both or neither'];
        yield [['address' => 'https://hub', 'timeout' => 0], 'timeout'];
        yield [['address' => 'https://hub', 'timeout' => NAN], 'timeout'];
        yield [['address' => 'https://hub', 'max_attempts' => 0], 'max_attempts'];
        yield [['address' => 'http://hub.example.org', 'key' => self::SECRET], 'has no TLS'];
    }

    /**
     * @dataProvider wrong
     * @param array<string, mixed> $options
     */
    public function testWhatCannotBeUsedIsSaidBeforeAnythingIsSent(array $options, string $message): void
    {
        try {
            ClientConfig::fromArray($options);
            self::fail('taken');
        } catch (InvalidConfiguration $error) {
            self::assertStringContainsString($message, $error->getMessage());
            self::assertStringNotContainsString('pass', $error->getMessage());
            self::assertStringNotContainsString(self::SECRET, $error->getMessage());
        }
    }

    public function testTheKeyLeavesThisMachineWithoutTlsOnlyWhereThatIsMeant(): void
    {
        self::assertNotNull(ClientConfig::fromArray(['address' => 'http://hub.example.org', 'key' => self::SECRET, 'plaintext' => true]));
        self::assertNotNull(ClientConfig::fromArray(['address' => 'http://127.0.0.1:1', 'key' => self::SECRET]));
        self::assertNotNull(ClientConfig::fromArray(['address' => 'http://hub.example.org']));
    }

    public function testTheKeyIsShownToNobody(): void
    {
        $cognate = Cognate::connect(['address' => 'http://127.0.0.1:1', 'key' => self::SECRET, 'max_attempts' => 1, 'transport' => 'grpc']);
        $shown = print_r($cognate, true);
        ob_start();
        var_dump($cognate, Credential::text(self::SECRET));
        $shown .= ob_get_clean();
        foreach (['grpc', 'connect'] as $transport) {
            try {
                Cognate::connect(['address' => 'http://127.0.0.1:1', 'key' => self::SECRET, 'max_attempts' => 1, 'transport' => $transport])
                    ->key()->whoAmI(new WhoAmIRequest());
                self::fail('answered');
            } catch (CognateException $error) {
                $shown .= $error . print_r($error->getTrace(), true);
            }
        }
        self::assertStringNotContainsString('thisisverysecret', $shown);
        $this->expectException(\LogicException::class);
        serialize(Credential::text(self::SECRET));
    }

    public function testMetadataCannotSmuggleHeaders(): void
    {
        self::assertSame(['x-a' => 'b', 'x-bin' => 'AP8'], (new CallOptions(metadata: ['x-a' => 'b', 'x-bin' => "\x00\xff"]))->wireMetadata());
        foreach ([['X-A' => 'b'], ['x-a' => "b\r\nx: y"], ['authorization' => 'b'], ['x-a' => "\xc3\xbc"], ['grpc-timeout' => '1S'], ['te' => 'x'], ['a b' => 'c']] as $metadata) {
            try {
                new CallOptions(metadata: $metadata);
                self::fail('taken: ' . json_encode($metadata, JSON_INVALID_UTF8_SUBSTITUTE));
            } catch (InvalidConfiguration $error) {
                self::assertNotSame('', $error->getMessage());
            }
        }
    }
}
