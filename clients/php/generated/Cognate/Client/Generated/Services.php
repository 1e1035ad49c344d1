<?php

// Made by tools/generate from the protos: change those instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\Transport;

/** A typed client for each service, made when it is asked for. */
trait Services
{
    private ?AssignmentServiceClient $assignment = null;
    private ?AuditServiceClient $audit = null;
    private ?BackupServiceClient $backup = null;
    private ?ChangeCaptureServiceClient $capture = null;
    private ?CheckServiceClient $check = null;
    private ?ConflictServiceClient $conflict = null;
    private ?DeliveryServiceClient $delivery = null;
    private ?DueServiceClient $due = null;
    private ?EventServiceClient $event = null;
    private ?ExpansionServiceClient $expansion = null;
    private ?FeedbackServiceClient $feedback = null;
    private ?FileTransferServiceClient $fileTransfer = null;
    private ?KeyServiceClient $key = null;
    private ?LedgerServiceClient $ledger = null;
    private ?PipelineServiceClient $pipeline = null;
    private ?PlatformRegistryServiceClient $platformRegistry = null;
    private ?RulesServiceClient $rules = null;
    private ?TransformerServiceClient $transformer = null;

    abstract public function transport(): Transport;

    public function assignment(): AssignmentServiceClient
    {
        return $this->assignment ??= new AssignmentServiceClient($this->transport());
    }

    public function audit(): AuditServiceClient
    {
        return $this->audit ??= new AuditServiceClient($this->transport());
    }

    public function backup(): BackupServiceClient
    {
        return $this->backup ??= new BackupServiceClient($this->transport());
    }

    public function capture(): ChangeCaptureServiceClient
    {
        return $this->capture ??= new ChangeCaptureServiceClient($this->transport());
    }

    public function check(): CheckServiceClient
    {
        return $this->check ??= new CheckServiceClient($this->transport());
    }

    public function conflict(): ConflictServiceClient
    {
        return $this->conflict ??= new ConflictServiceClient($this->transport());
    }

    public function delivery(): DeliveryServiceClient
    {
        return $this->delivery ??= new DeliveryServiceClient($this->transport());
    }

    public function due(): DueServiceClient
    {
        return $this->due ??= new DueServiceClient($this->transport());
    }

    public function event(): EventServiceClient
    {
        return $this->event ??= new EventServiceClient($this->transport());
    }

    public function expansion(): ExpansionServiceClient
    {
        return $this->expansion ??= new ExpansionServiceClient($this->transport());
    }

    public function feedback(): FeedbackServiceClient
    {
        return $this->feedback ??= new FeedbackServiceClient($this->transport());
    }

    public function fileTransfer(): FileTransferServiceClient
    {
        return $this->fileTransfer ??= new FileTransferServiceClient($this->transport());
    }

    public function key(): KeyServiceClient
    {
        return $this->key ??= new KeyServiceClient($this->transport());
    }

    public function ledger(): LedgerServiceClient
    {
        return $this->ledger ??= new LedgerServiceClient($this->transport());
    }

    public function pipeline(): PipelineServiceClient
    {
        return $this->pipeline ??= new PipelineServiceClient($this->transport());
    }

    public function platformRegistry(): PlatformRegistryServiceClient
    {
        return $this->platformRegistry ??= new PlatformRegistryServiceClient($this->transport());
    }

    public function rules(): RulesServiceClient
    {
        return $this->rules ??= new RulesServiceClient($this->transport());
    }

    public function transformer(): TransformerServiceClient
    {
        return $this->transformer ??= new TransformerServiceClient($this->transport());
    }
}
