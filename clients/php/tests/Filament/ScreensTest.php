<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament;

require_once __DIR__ . '/HubScreensTestCase.php';

use Cognate\Client\ChangeBatch;
use Cognate\Client\Cognate;
use Cognate\Client\PulledDeliveries;
use Cognate\Client\Value\File;
use Cognate\Filament\CognatePlugin;
use Cognate\Filament\Data\TroubleRows;
use Cognate\Filament\Pages;
use Cognate\Filament\Widgets;
use Cognate\Tests\Filament\Support\Desk;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\FilePair;
use Cognate\V1\FieldType;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\PutModelsRequest;

/** Each page with its closures and actions, and each widget, over a hub that runs. Filament is stood for by stubs. */
final class ScreensTest extends HubScreensTestCase
{
    public function testPlatformsAreListedAndManagedOnTheMaster(): void
    {
        $table = $this->table(Pages\Platforms::class);
        $create = $table->headerActions['create'];
        self::assertTrue($create->isVisible());
        self::assertFalse($table->headerActions['openMaster']->isVisible());
        $create->opened();
        $create->call(['data' => ['id' => 'till', 'name' => 'The till']]);
        self::assertSame(['success: till is there. Its software gets a key by an enrolment token: cognate key enrol-token till'], Desk::told());

        $row = $table->shown(['search' => 'THE TILL'])->items()['till'];
        self::assertSame(['The till', 'agent', 'agent', 'active'], [$row['name'], $row['kind'], $row['channel'], $row['state']]);
        self::assertSame(['till', 'shop', 'blog'], array_keys(array_intersect_key($table->shown(['sortColumn' => 'id', 'sortDirection' => 'desc'])->items(), ['till' => 0, 'shop' => 0, 'blog' => 0])));
        foreach (['edit', 'lock', 'delete'] as $name) {
            self::assertTrue($table->actions[$name]->isVisible(['record' => $row]), $name);
            $table->actions[$name]->opened(['record' => $row]);
        }
        $table->actions['edit']->call(['record' => $row, 'data' => ['name' => 'Till 1']]);
        $table->actions['edit']->call(['record' => $row, 'data' => ['name' => 'Till 2']]);
        $said = Desk::told();
        self::assertSame('success: Saved.', $said[0]);
        self::assertStringStartsWith('danger: That was not done', $said[1], 'somebody else was quicker');

        $table->actions['lock']->call(['record' => $row, 'data' => ['reason' => 'is being moved', 'hours' => '2']]);
        $locked = $table->shown(['filters' => ['state' => ['value' => 'locked']]])->items();
        self::assertSame(['till'], array_keys($locked));
        self::assertSame(['Till 1', 'is being moved'], [$locked['till']['name'], $locked['till']['reason']]);
        self::assertGreaterThan(gmdate('Y-m-d\TH:i:s\Z', time() + 3600), $locked['till']['locked_until']);
        self::assertFalse($table->actions['lock']->isVisible(['record' => $locked['till']]));
        self::assertTrue($table->actions['unlock']->isVisible(['record' => $locked['till']]));
        $table->actions['unlock']->call(['record' => $row]);
        self::assertSame('active', $table->shown(['search' => 'till'])->items()['till']['state']);

        $table->actions['delete']->call(['record' => $row]);
        $table->actions['delete']->call(['record' => ['id' => 'shop'] + $row]);
        $said = Desk::told();
        self::assertSame('success: till is deleted.', $said[count($said) - 2]);
        self::assertStringStartsWith('danger: That was not done', $said[count($said) - 1], 'a sync names it');
        self::assertSame(0, $table->shown(['search' => 'till'])->total());
    }

    public function testPlatformsAreNotManagedElsewhere(): void
    {
        $this->desk = self::desk(cognate: ['master' => ['is' => false, 'url' => 'https://master.example.org/admin']]);
        $table = $this->table(Pages\Platforms::class);
        $row = $table->shown()->items()['shop'];
        self::assertFalse($table->headerActions['create']->isVisible());
        foreach ($table->actions as $name => $action) {
            self::assertFalse($action->isVisible(['record' => $row]), $name);
        }
        self::assertTrue($table->headerActions['openMaster']->isVisible());
        self::assertSame('https://master.example.org/admin', $table->headerActions['openMaster']->opened()['url']);
        $table->headerActions['create']->call(['data' => ['id' => 'sneaked']]);
        self::assertSame(['danger: That was not done Platforms are managed on the master: https://master.example.org/admin'], Desk::told());
    }

    public function testSyncsAreStartedAndPaused(): void
    {
        $table = $this->table(Pages\Syncs::class);
        $row = $table->shown(['search' => 'notes'])->items()['notes'];
        self::assertSame(['shop: notes', 'blog: notes', 'active'], [$row['source'], $row['target'], $row['status']]);
        $table->actions['syncNow']->opened(['record' => $row]);
        $table->actions['syncNow']->call(['record' => $row]);
        self::assertStringStartsWith('success: Started: runs/', Desk::told()[0]);
        $table->actions['pause']->call(['record' => $row]);
        $paused = $table->shown(['filters' => ['status' => ['value' => 'paused']]])->items();
        self::assertSame(['notes'], array_keys($paused));
        self::assertTrue($table->actions['resume']->isVisible(['record' => $paused['notes']]));
        self::assertFalse($table->actions['pause']->isVisible(['record' => $paused['notes']]));
        $table->actions['resume']->call(['record' => $row]);
        self::assertStringContainsString('That was not done', Desk::told()[1], 'the row is older than the pause');
        $table->actions['resume']->call(['record' => $paused['notes']]);
        self::assertSame('active', $table->shown(['search' => 'notes'])->items()['notes']['status']);
    }

    public function testWhatDidNotGoThroughIsShownAndRetried(): void
    {
        $dead = $this->part(TroubleRows::class);
        foreach (['refused 1', 'refused 2', 'refused 3', 'later 1', 'fits two 1', 'fits two 2'] as $title) {
            $this->note($title);
        }
        $held = $this->note('locked out', 'bob@example.org');
        self::untilBlog(static fn (): bool => $dead->count(TroubleRows::DEAD) === 3 && $dead->count(TroubleRows::OPEN) === 4, 'all of them are in trouble');

        $letters = $this->table(Pages\DeadLetters::class);
        $first = $letters->shown(['recordsPerPage' => 2]);
        $second = $letters->shown(['recordsPerPage' => 2, 'page' => 2]);
        self::assertSame([3, 2, 1], [$first->total(), count($first->items()), count($second->items())]);
        self::assertSame([], array_intersect_key($first->items(), $second->items()));
        self::assertSame(1, count($letters->shown(['recordsPerPage' => 1, 'page' => 3])->items()));
        self::assertSame(0, $letters->shown(['search' => 'nothing of the kind'])->total());
        self::assertSame(3, $letters->shown(['search' => 'title_refused', 'sortColumn' => 'since', 'sortDirection' => 'desc'])->total());
        $row = array_values($second->items())[0];
        self::assertSame(['TITLE_REFUSED', 'no such titles', 'dead', 'blog'], [$row['reason'], $row['message'], $row['state'], $row['platform']]);
        self::assertNotSame('', $letters->actions['explain']->opened(['record' => $row])['modalDescription']);
        $letters->actions['discard']->opened(['record' => $row]);
        $letters->actions['discard']->call(['record' => $row]);
        self::assertSame(['success: 1 given up.'], Desk::told());
        self::assertSame(2, $letters->shown()->total());
        $letters->headerActions['retryAll']->opened();

        $deliveries = $this->table(Pages\Deliveries::class);
        self::assertSame(['retry', 'held', 'conflict', 'conflict'], array_column($deliveries->shown()->items(), 'state'));
        $ambiguous = array_values($deliveries->shown(['filters' => ['state' => ['value' => 'conflict']]])->items());
        self::assertSame(['AMBIGUOUS_MATCH', 'AMBIGUOUS_MATCH'], array_column($ambiguous, 'reason'));
        $row = array_values($deliveries->shown(['filters' => ['state' => ['value' => 'held']]])->items())[0];
        self::assertSame(['bob@example.org', "shop: notes $held->id"], [$row['identity'], $row['record']]);
        self::assertSame(1, array_sum(array_map(static fn ($stat): int => $stat->label === 'Platforms active' ? 1 : 0, (new Widgets\PlatformsOverview())->stats())));
        $stats = [];
        foreach ((new Widgets\TroublesOverview())->stats() as $stat) {
            $stats[$stat->label] = $stat->value;
        }
        self::assertSame(4, $stats['Errors']);
        self::assertSame(2, $stats['Kept back']);

        $letters->headerActions['retryAll']->call(['data' => ['platform' => 'blog', 'reason' => '']]);
        $deliveries->headerActions['retryHeld']->opened();
        $deliveries->headerActions['retryHeld']->call(['data' => ['identity' => 'bob@example.org']]);
        self::assertSame(['success: 2 on their way.', 'success: 1 on their way.'], Desk::told());
        $retry = array_values(array_filter($deliveries->shown(['filters' => ['state' => ['value' => 'retry']]])->items(), static fn (array $row): bool => $row['reason'] === 'BUSY'))[0];
        $deliveries->actions['retry']->call(['record' => $retry]);
        $deliveries->actions['retry']->call(['record' => $ambiguous[0]]);
        $deliveries->actions['discard']->opened(['record' => $ambiguous[1]]);
        $deliveries->actions['discard']->call(['record' => $ambiguous[1]]);
        self::assertSame(['success: 1 on their way.', 'success: 1 on their way.', 'success: 1 given up.'], Desk::told());
        self::untilBlog(static fn (): bool => $dead->count([...TroubleRows::DEAD, ...TroubleRows::OPEN]) === 0, 'all went through', mended: true);

        Eventually::is(static fn (): bool => (new Widgets\ThroughputOverview())->stats()[0]->value >= 4 || (new Widgets\ThroughputOverview())->stats()[1]->value >= 4, 'what was taken is counted');
        $chart = new Widgets\ThroughputChart();
        foreach (array_keys($chart->rendered()[1]) as $step) {
            $chart->filter = $step;
            Eventually::is(static fn (): bool => array_sum($chart->rendered()[2]['datasets'][0]['data']) >= 4, "the chart of a $step has them");
        }
        self::assertSame(count($chart->rendered()[2]['labels']), count($chart->rendered()[2]['datasets'][1]['data']));
    }

    public function testFilesAreListedWithHowTheyStand(): void
    {
        $agent = Cognate::connect(['address' => self::$hub->socket]);
        foreach (['camera', 'frame'] as $platform) {
            self::$hub->cognate('platform', 'create', $platform, '--agent', '--pull');
            $fields = [['name' => 'id', 'type' => FieldType::FIELD_TYPE_TEXT], ['name' => 'cover', 'type' => FieldType::FIELD_TYPE_TEXT, 'nullable' => true]];
            $model = new Model(['model' => 'album', 'key_fields' => ['id'], 'fields' => array_map(static fn (array $field): ModelField => new ModelField($field), $fields)]);
            $agent->platformRegistry()->putModels(new PutModelsRequest(['platform' => "platforms/$platform", 'models' => [$model]]));
        }
        self::$hub->cognate('sync', 'create', 'albums', '--from', 'camera:album', '--to', 'frame:album', '--map', 'id=id', '--map', 'cover=cover', '--file', 'cover=covers');
        $picture = FilePair::png('spring');
        $file = new File(hash('sha256', $picture), strlen($picture), 'spring.png', path: 'spring.png');
        $agent->contents('camera')->putSmall([$file->sha256 => $picture]);
        $batch = new ChangeBatch('camera');
        $batch->create('album', '1', ['id' => '1', 'cover' => $file]);
        self::assertTrue($batch->sendTo($agent)[0]->isAccepted());
        $table = $this->table(Pages\Files::class);
        Eventually::is(static function () use ($agent, $table): bool {
            // Its lane is open while its agent asks.
            PulledDeliveries::from($agent, 'frame', wait: 0.1);
            return $table->shown()->total() === 1;
        }, 'the cover is listed');
        $row = array_values($table->shown(['search' => 'SPRING'])->items())[0];
        self::assertSame(['spring.png', 'frame', 'due', 200], [$row['name'], $row['platform'], $row['state'], $row['size']]);
        $filters = static fn (string $platform, string $state): array => ['filters' => ['platform' => ['value' => $platform], 'state' => ['value' => $state]]];
        self::assertSame([1, 0, 0], [$table->shown($filters('frame', 'due'))->total(), $table->shown($filters('frame', 'placed'))->total(), $table->shown($filters('blog', ''))->total()]);
    }

    public function testAConflictIsResolvedByAPerson(): void
    {
        $databases = [];
        foreach (['left', 'right'] as $name) {
            $config = self::$hub->database($name);
            $databases[$name] = new \PDO("pgsql:host={$config['host']};port={$config['port']};dbname=$name", $config['username']);
            $databases[$name]->exec('CREATE TABLE bike (id int PRIMARY KEY, title text, note text)');
            self::$hub->cognate('platform', 'create', $name, '--postgres', (string) self::$hub->ready()['databases'][$name], '--capture', 'replication');
        }
        self::$hub->cognate('sync', 'create', 'there', '--from', 'left:public.bike', '--to', 'right:public.bike', '--map', 'title=title', '--map', 'note=note', '--map', 'id=id', '--conflict-policy', 'manual');
        self::$hub->cognate('sync', 'create', 'back', '--from', 'right:public.bike', '--to', 'left:public.bike', '--map', 'title=title', '--map', 'note=note', '--map', 'id=id', '--conflict-policy', 'manual');
        $databases['left']->exec("INSERT INTO bike VALUES (1, 'Bike', '-')");
        $title = static fn (string $name): string => (string) $databases[$name]->query('SELECT title FROM bike')->fetchColumn();
        Eventually::is(static fn (): bool => $title('right') === 'Bike', 'both have the bike');

        $platforms = $this->table(Pages\Platforms::class);
        foreach (['left', 'right'] as $name) {
            $platforms->actions['lock']->call(['record' => ['id' => $name], 'data' => ['reason' => 'edits are to meet']]);
        }
        Eventually::is(fn (): bool => count(array_filter($this->laneStates(), static fn (string $state): bool => $state === 'paused')) >= 2, 'nothing is delivered to them');
        $databases['left']->exec("UPDATE bike SET title = 'Red bike'");
        $databases['right']->exec("UPDATE bike SET title = 'Fast bike'");
        foreach (['left', 'right'] as $name) {
            $platforms->actions['unlock']->call(['record' => ['id' => $name]]);
        }
        Desk::told();
        $table = $this->table(Pages\Conflicts::class);
        Eventually::is(static fn (): bool => $table->shown(['filters' => ['state' => ['value' => 'open']]])->total() > 0 && $title('left') === $title('right'), 'a conflict is listed');

        $row = array_values($table->shown(['search' => 'bike', 'filters' => ['state' => ['value' => 'open']]])->items())[0];
        self::assertSame(['title', false], [$row['fields'], $row['is_delete']]);
        $question = $table->actions['keep']->opened(['record' => $row])['modalDescription'];
        self::assertStringContainsString('Red bike', $question);
        self::assertStringContainsString('Fast bike', $question);
        $inPlace = $title('left');
        $choice = $table->actions['restore']->opened(['record' => $row])['schema'][0];
        self::assertSame(['title' => 'title'], $choice->got('options'));
        $table->actions['restore']->call(['record' => $row, 'data' => ['fields' => ['title']]]);
        self::assertSame(['success: What had lost is on its way everywhere.'], Desk::told());
        Eventually::is(static fn (): bool => $title('left') !== $inPlace && $title('right') === $title('left'), 'what had lost is in place');
        self::assertFalse($table->actions['keep']->isVisible(['record' => ['state' => 'resolved'] + $row]));

        foreach ($table->shown(['filters' => ['state' => ['value' => 'open']]])->items() as $other) {
            $table->actions['keep']->call(['record' => $other]);
        }
        self::assertSame(0, $table->shown(['filters' => ['state' => ['value' => 'open']]])->total());
        self::assertGreaterThan(0, $table->shown(['filters' => ['state' => ['value' => 'resolved']]])->total());
        self::assertSame(0, $table->shown(['filters' => ['platform' => ['value' => 'shop']]])->total());
    }

    public function testWhoeverMayOnlyLookChangesNothing(): void
    {
        $this->desk->abilities = ['cognate.view'];
        foreach (CognatePlugin::PAGES as $page) {
            self::assertTrue($page::canAccess());
            $table = $this->table($page);
            $table->shown();
            $record = ['id' => 'x', 'key' => 'x', 'state' => 'open', 'status' => 'active', 'etag' => '', 'has_interval' => false, 'is_delete' => false, 'name' => 'x',
                'platform' => 'blog', 'model' => 'notes', 'source_platform' => 'shop', 'source_model' => 'notes', 'source_id' => '1'];
            foreach ([...$table->actions, ...$table->headerActions] as $name => $action) {
                if (in_array($name, ['explain', 'openMaster'], true)) {
                    continue;
                }
                self::assertFalse($action->isVisible(['record' => $record]), "$page $name");
                $action->call(['record' => $record, 'data' => ['id' => 'x', 'reason' => 'x', 'identity' => 'x']]);
                self::assertSame(['danger: That was not done This needs the ability cognate.manage.'], Desk::told(), "$page $name");
            }
        }
        $this->desk->abilities = [];
        self::assertFalse(Pages\Platforms::canAccess());
        self::assertFalse(Widgets\ThroughputChart::canView());
    }

    /** @return array<string, string> */
    private function laneStates(): array
    {
        $states = [];
        foreach ($this->part(\Cognate\Filament\Data\Connection::class)->client()->delivery()->listLanes(new \Cognate\V1\ListLanesRequest())->getLanes() as $lane) {
            $states[$lane->getPlatform()] = strtolower(substr(\Cognate\V1\LaneState::name($lane->getState()), strlen('LANE_STATE_')));
        }
        return $states;
    }
}
