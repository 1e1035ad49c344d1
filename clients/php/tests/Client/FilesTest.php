<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Cognate;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Files\Contents;
use Cognate\Client\Value\File;
use Cognate\Client\Values;
use PHPUnit\Framework\TestCase;

/** Bytes of files, there and back, over each transport. */
final class FilesTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function transports(): array
    {
        return ['gRPC over a socket' => ['socket'], 'gRPC over TCP' => ['tcp'], 'Connect over curl' => ['connect']];
    }

    private function contents(string $transport, string $platform): Contents
    {
        $hub = Support\Hub::plain();
        $key = $transport === 'socket' ? '' : $hub->enrol($platform);
        return Cognate::connect(match ($transport) {
            'socket' => ['address' => $hub->socket],
            'tcp' => ['address' => $hub->url, 'key' => $key, 'transport' => 'grpc'],
            default => ['address' => $hub->http, 'key' => $key, 'transport' => 'connect'],
        })->contents($platform);
    }

    /** @dataProvider transports */
    public function testALargeContentGoesOnWhereItWasCutOff(string $transport): void
    {
        $platform = Support\Hub::plain()->platform('files');
        $contents = $this->contents($transport, $platform);
        $bytes = random_bytes(2_500_000);
        $hash = hash('sha256', $bytes);
        self::assertSame([$hash => false], $contents->has([$hash]));
        $upload = $contents->uploads()->begin($hash, strlen($bytes));
        self::assertSame(0, $contents->uploads()->offset($upload, strlen($bytes)));
        self::assertSame(1_000_000, $contents->uploads()->append($upload, $hash, strlen($bytes), 0, substr($bytes, 0, 1_000_000)));

        $another = $this->contents($transport, $platform)->uploads();
        self::assertSame(1_000_000, $another->offset($upload, strlen($bytes)));
        try {
            $another->append($upload, $hash, strlen($bytes), 0, substr($bytes, 0, 10));
            self::fail('it has gone on already');
        } catch (CognateException $error) {
            self::assertSame('WRITE_OFFSET_MISMATCH', $error->reason);
        }
        self::assertSame(strlen($bytes), $another->append($upload, $hash, strlen($bytes), 1_000_000, substr($bytes, 1_000_000)));
        self::assertSame(strlen($bytes), $another->offset($upload, strlen($bytes)));
        self::assertSame([$hash => true], $contents->has([$hash]));
        self::assertSame($hash, hash('sha256', implode('', [...$contents->read($hash)])));
        self::assertSame(substr($bytes, 2_400_000), implode('', [...$contents->read($hash, 2_400_000)]));
        // Who only knows its hash has no right to it.
        if ($transport !== 'socket') {
            $others = $this->contents($transport, Support\Hub::plain()->platform('others'));
            self::assertSame([$hash => false], $others->has([$hash]));
            $this->expectException(NotFound::class);
            [...$others->read($hash)];
        }
    }

    /** @dataProvider transports */
    public function testWhatIsNotWhatItsHashSaysIsRefused(string $transport): void
    {
        $contents = $this->contents($transport, Support\Hub::plain()->platform('wrong'));
        $hash = hash('sha256', 'right');
        self::assertSame([$hash => 'FILE_DAMAGED'], $contents->putSmall([$hash => 'wrong']));
        self::assertSame([], $contents->putSmall([$hash => 'right']));
        $size = 1_500_000;
        $upload = $contents->uploads()->begin($other = hash('sha256', random_bytes(10)), $size);
        try {
            $contents->uploads()->append($upload, $other, $size, 0, str_repeat('x', $size));
            self::fail('the hash is another one');
        } catch (CognateException $error) {
            self::assertSame('FILE_DAMAGED', $error->reason);
        }
        self::assertContains($contents->uploads()->offset($upload, $size), [0, null], 'nothing of it is kept');
    }

    public function testTheConnectTransportReadsByRanges(): void
    {
        $hub = Support\Hub::plain();
        $bytes = random_bytes((2 << 20) + 17);
        $platform = $hub->platform('ranges');
        $writer = $this->contents('socket', $platform);
        $upload = $writer->uploads()->begin($hash = hash('sha256', $bytes), strlen($bytes));
        $writer->uploads()->append($upload, $hash, strlen($bytes), 0, $bytes);
        $empty = hash('sha256', '');
        $writer->putSmall([$empty => '']);
        $reader = Cognate::connect(['address' => $hub->http, 'key' => $hub->key('--role', 'operator', '--display-name', 'files'), 'transport' => 'connect'])->contents($platform);
        self::assertSame($hash, hash('sha256', implode('', [...$reader->read($hash)])));
        self::assertSame(substr($bytes, 100), implode('', [...$reader->read($hash, 100)]));
        self::assertSame('', implode('', [...$reader->read($empty)]));
        self::assertSame([$empty => ''], $reader->getSmall([$empty, hash('sha256', 'nobody has it')]));
    }

    public function testAFileIsAValue(): void
    {
        $file = new File(hash('sha256', 'x'), 1, 'Ada L.png', new \DateTimeImmutable('2026-02-28T12:00:00Z'), 'avatars/1.png');
        self::assertEquals($file, Values::fromProto(Values::toProto($file)));
    }
}
