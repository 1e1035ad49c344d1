<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Transport\ServerSentEvents;
use Cognate\Tests\Client\Support\Seed;
use PHPUnit\Framework\TestCase;

final class ServerSentEventsTest extends TestCase
{
    private const STREAM = "retry: 2000\n\nid: t1\ndata: {\"a\":1}\n\n: heartbeat\n\nid: t2\n: heartbeat\n\nevent: error\ndata: one\ndata:two\n\n";

    public function testEventsComeWholeHoweverTheyWereCut(): void
    {
        $wanted = [[null, null], ['{"a":1}', 't1'], [null, null], [null, 't2'], ["one\ntwo", null]];
        foreach (["\n", "\r\n", "\r"] as $end) {
            for ($size = 1; $size < 30; ++$size) {
                $events = new ServerSentEvents(1000, 'id');
                $got = [];
                foreach (str_split(str_replace("\n", $end, self::STREAM), $size) as $piece) {
                    $got = [...$got, ...$events->append($piece)];
                }
                $seen = array_map(static fn (array $event): array => [$event['data'], $event['id']], $got);
                self::assertSame($wanted, $seen, json_encode($end) . " in pieces of $size");
                self::assertSame('error', $got[4]['type']);
            }
        }
    }

    public function testAnEventThatNeverEndsIsRefused(): void
    {
        foreach (['data: x', "data: x\n"] as $piece) {
            $events = new ServerSentEvents(1000, 'id');
            try {
                for ($i = 0; $i < 1000; ++$i) {
                    $events->append($piece);
                }
                self::fail('taken');
            } catch (ResourceExhausted $error) {
                self::assertSame('ANSWER_TOO_LARGE', $error->reason);
            }
        }
    }

    public function testWhateverComesIsReadOrRefused(): void
    {
        Seed::start('ServerSentEvents');
        $count = 0;
        for ($i = 0; $i < 3000; ++$i) {
            $events = new ServerSentEvents(100, 'id');
            try {
                foreach (Seed::pieces(Seed::mutated(self::STREAM)) as $piece) {
                    $count += count($events->append($piece));
                }
            } catch (ResourceExhausted) {
            }
        }
        self::assertGreaterThan(1000, $count);
    }
}
