<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Cognate\Laravel\Applier;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Events\FilePlaced;
use Cognate\Laravel\Files\FileTraffic;
use Cognate\Laravel\Files\KnownFiles;
use Cognate\Tests\Laravel\Models\Author;
use Cognate\Tests\Laravel\Models\Gallery;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Field;
use Cognate\V1\Operation;
use Cognate\V1\Value;
use Illuminate\Database\Schema\Blueprint;

/** An application with models that have files, on disks of its own, at a hub that says what a test wants. */
abstract class FileAppTestCase extends AppTestCase
{
    protected string $home;
    protected FakeHub $hub;
    /** @var list<object> */
    protected array $told = [];

    protected function setUp(): void
    {
        $this->home = sys_get_temp_dir() . '/cgp' . getmypid() . bin2hex(random_bytes(3));
        mkdir($this->home);
        $this->start(['files' => ['slice_seconds' => 30]]);
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->home));
    }

    /** @param array<string, mixed> $cognate */
    protected function start(array $cognate): void
    {
        $disks = [];
        foreach (['public', 'private', 'local', 'media'] as $name) {
            $disks[$name] = ['driver' => 'local', 'root' => "$this->home/$name"];
        }
        $this->app = $this->makeApp(
            $cognate + ['models' => [Author::class, Gallery::class]],
            [],
            ['filesystems' => ['disks' => $disks], 'media-library' => ['media_model' => Media::class]],
            $this->home,
        );
        $schema = $this->database()->getSchemaBuilder();
        $schema->create('authors', static function (Blueprint $table): void {
            $table->id();
            $table->string('name', 100);
            $table->string('avatar', 200)->nullable();
            $table->text('pictures')->nullable();
            $table->string('scan', 200)->nullable();
            $table->string('photo_url', 200)->nullable();
        });
        $schema->create('galleries', static function (Blueprint $table): void {
            $table->id();
            $table->string('title', 100);
        });
        $schema->create('media', static function (Blueprint $table): void {
            $table->id();
            $table->string('model_type');
            $table->unsignedBigInteger('model_id');
            $table->string('collection_name');
            $table->string('file_name');
            $table->string('disk');
            $table->text('custom_properties')->nullable();
        });
        $this->app->makeTables();
        $this->hub = $this->fakeHub();
        $this->told = [];
        foreach ([FilePlaced::class, FileFailed::class] as $event) {
            $this->app->make('events')->listen($event, function (object $event): void {
                $this->told[] = $event;
            });
        }
    }

    protected function move(): void
    {
        // Its pause between two questions, and those after failures, are over.
        $this->database()->table(KnownFiles::TABLE)->update(['next_attempt' => 0]);
        $this->app->forgetInstance(FileTraffic::class);
        $this->app->make(FileTraffic::class)->move(static fn (): bool => true);
    }

    /** @return list<string> all files of all disks */
    protected function files(): array
    {
        $found = [];
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($this->home, \FilesystemIterator::SKIP_DOTS)) as $file) {
            $found[] = substr($file->getPathname(), strlen($this->home) + 1);
        }
        sort($found);
        return $found;
    }

    /** @param array<string, string|null> $fields */
    protected function delivery(string $model, int $entity, array $fields, int $version = 10, string $localId = ''): Delivery
    {
        $list = [];
        foreach ($fields as $name => $text) {
            $list[] = (new Field())->setName($name)->setValue($text === null ? (new Value())->setNullValue(0) : (new Value())->setTextValue($text));
        }
        return (new Delivery())->setEntityId("0197f3a2-6a1c-7d44-9a2e-00000000000$entity")->setModel($model)->setVersion($version)->setOperation(Operation::OPERATION_UPDATE)->setFields($list)->setLocalId($localId);
    }

    /** @param array<string, string|null> $fields */
    protected function deliver(string $model, int $entity, array $fields, int $version = 10, string $localId = ''): DeliveryResult
    {
        return $this->app->make(Applier::class)->apply([$this->delivery($model, $entity, $fields, $version, $localId)])[0];
    }
}
